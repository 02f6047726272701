import CPNG
import VAEFiles

extension Picture {
  /// The picture as the bytes of a PNG file, 8 bits per channel, grey or RGB.
  ///
  /// Equal pictures give equal bytes with the same libpng and zlib.
  ///
  /// - Throws: ``PictureError`` with libpng's message where it fails, such as for lack of memory.
  public func png() throws(PictureError) -> [UInt8] {
    // libpng's simplified interface reports errors as results; the other one leaves by longjmp, which Swift cannot
    // survive.
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(width)
    image.height = UInt32(height)
    image.format = channels == 1 ? 0 : UInt32(PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }
    // A row of noise does not get smaller: the bound is the size of the picture with one filter byte per row, plus
    // zlib's and PNG's overhead.
    let raw = pixels.count + height
    var size = raw + raw / 100 + (raw >> 12) * 12 + 4096
    var bytes = [UInt8](repeating: 0, count: size)
    let isDone = bytes.withUnsafeMutableBytes { target in
      pixels.withUnsafeBytes { source in
        png_image_write_to_memory(&image, target.baseAddress, &size, 0, source.baseAddress, 0, nil)
      }
    }
    guard isDone != 0 else {
      let message = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw PictureError("the picture cannot be encoded: libpng says \(printable(message))")
    }
    bytes.removeLast(bytes.count - size)
    return bytes
  }

  /// Writes the picture as a PNG file, atomically; `-` is standard output. See ``VAEFiles/FileOutput``.
  ///
  /// - Throws: ``PictureError`` naming the file and the reason.
  public func write(to path: String) throws(PictureError) {
    let bytes = try png()
    do throws(FileError) {
      try FileOutput.write(bytes, to: path)
    } catch {
      throw PictureError(error.description)
    }
  }
}
