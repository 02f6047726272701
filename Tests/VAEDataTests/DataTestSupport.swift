import CZlib
import Foundation
import VAEData

/// A folder of its own for one test, removed with its content at the end.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/vae-data-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  func file(_ name: String, _ text: String) throws -> String { try file(name, Array(text.utf8)) }

  /// A device on which every write fails for lack of space.
  ///
  /// root gets a node of its own in the folder, so that a FileOutput that replaces devices cannot take the system's
  /// away; everybody else can do no harm in /dev.
  func fullDevice() -> String {
    let node = path + "/full"
    let major: dev_t = 1
    let minor: dev_t = 7
    guard geteuid() == 0, mknod(node, S_IFCHR | 0o666, major << 8 | minor) == 0 else { return "/dev/full" }
    let descriptor = open(node, O_WRONLY)
    if descriptor >= 0 {
      close(descriptor)
      return node
    }
    // The folder lies on a file system without devices.
    unlink(node)
    return "/dev/full"
  }

  /// The names of the files in the folder, sorted.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

func bytes(ofFile path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// A file of Tests/Fixtures/data.
func fixture(_ name: String, from file: String = #filePath) -> String {
  URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().path + "/Fixtures/data/" + name
}

/// The message of the `DataError` that `body` throws, without the source; nil where it throws nothing.
func message<Result>(_ body: () throws -> Result) throws -> String? {
  do {
    _ = try body()
    return nil
  } catch let error as DataError {
    return error.message
  }
}

func floats(_ table: DataTable) -> [Float] { table.floats(rows: 0..<table.rows) }

/// `bytes` as one gzip member.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  return withUnsafeMutablePointer(to: &stream) { stream in
    deflateInit2_(stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    defer { deflateEnd(stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 1000)
    let left = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        deflate(stream, Z_FINISH)
        return Int(stream.pointee.avail_out)
      }
    }
    return Array(output[..<(output.count - left)])
  }
}

/// An IDX file.
func idx(_ type: UInt8, _ shape: [UInt32], _ body: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(shape.count)] + shape.flatMap { bigEndian($0) } + body
}

func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

/// A .npy file of version 1.0 with the given dictionary.
func npy(_ header: String, _ body: [UInt8] = [], version: [UInt8] = [1, 0]) -> [UInt8] {
  let text = Array((header + "\n").utf8)
  let size = version[0] == 1 ? littleEndian(UInt16(text.count)) : littleEndian(UInt32(text.count))
  return [0x93] + Array("NUMPY".utf8) + version + size + text + body
}
