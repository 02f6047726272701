import CPNG
import Foundation
import Testing
import VAEPictures

@Suite struct PictureTests {
  /// A PNG file read back by libpng, with the channels it has: grey (1) or colour (3).
  private struct Decoded {
    var width = 0
    var height = 0
    var channels = 0
    var pixels: [UInt8] = []
  }

  private func decode(_ png: [UInt8]) throws -> Decoded {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    try #require(png_image_begin_read_from_memory(&image, png, png.count) != 0)
    // The simplified interface hands out a file's own kind of pixels when the format is left as it found it.
    try #require(image.format == 0 || image.format == UInt32(PNG_FORMAT_FLAG_COLOR))
    var result = Decoded(width: Int(image.width), height: Int(image.height), channels: image.format == 0 ? 1 : 3)
    result.pixels = [UInt8](repeating: 0, count: result.width * result.height * result.channels)
    try #require(png_image_finish_read(&image, nil, &result.pixels, 0, nil) != 0)
    return result
  }

  @Test(arguments: [(1, 1, 1), (7, 3, 1), (5, 9, 3), (300, 200, 3), (1, 4000, 1)])
  func pngKeepsEveryPixel(width: Int, height: Int, channels: Int) throws {
    // Noise does not get smaller: it fills the buffer of the encoder most.
    var state: UInt32 = 1
    let pixels = (0..<width * height * channels).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    let picture = try Picture(width: width, height: height, channels: channels, pixels: pixels)
    let decoded = try decode(try picture.png())
    #expect((decoded.width, decoded.height, decoded.channels) == (width, height, channels))
    #expect(decoded.pixels == pixels)
  }

  @Test func pngIsDeterministicAndSmall() throws {
    let picture = try Picture(width: 500, height: 400, fill: 9)
    let png = try picture.png()
    #expect(try picture.png() == png)
    #expect(png.count < 5000)
    #expect(png.starts(with: [0x89, 0x50, 0x4e, 0x47]))
  }

  @Test func bytesOfValues() {
    let expected: [(Float, UInt8)] = [
      (0, 0), (1, 255), (0.5, 128), (-3, 0), (7, 255), (.nan, 0), (.infinity, 255), (-.infinity, 0), (0.001, 0),
      (0.002, 1), (254.0 / 255, 254),
    ]
    for (value, byte) in expected { #expect(Picture.byte(value) == byte, "\(value)") }
    for byte in UInt8.min...UInt8.max { #expect(Picture.byte(Float(byte) * (1.0 / 255)) == byte) }
  }

  /// Between parts the space is five times as wide as between images of one part.
  @Test func linesOfParts() throws {
    let tile = try Tile(height: 1, width: 1)
    let style = SheetStyle(scale: 1, margin: 1, background: 9)
    let picture = try Picture.lines([0, 1, 1, 0, 1, 0, 0, 1], tile: tile, parts: [1, 2, 1], style: style)
    #expect((picture.width, picture.height) == (17, 5))
    let lines = (0..<5).map { row in
      picture.pixels[row * 17..<(row + 1) * 17].map { $0 == 9 ? "." : $0 == 0 ? "0" : "1" }
    }
    #expect(lines[0].joined() == String(repeating: ".", count: 17))
    #expect(lines[1].joined() == ".0.....1.1.....0.")
    #expect(lines[3].joined() == ".1.....0.0.....1.")
    for parts in [[], [0], [3], [1, 0]] {
      #expect(throws: PictureError.self) { try Picture.lines([0, 1, 1, 0], tile: tile, parts: parts, style: style) }
    }
  }

  @Test func gridOfThree() throws {
    let tile = try Tile(height: 1, width: 2)
    let sheet = try Picture.grid(
      [0, 1, 1, 0, 0.2, 2], tile: tile, columns: 2, style: SheetStyle(scale: 2, margin: 1, background: 7))
    #expect((sheet.width, sheet.height, sheet.channels) == (11, 7, 1))
    let background = [UInt8](repeating: 7, count: 11)
    let first: [UInt8] = [7, 0, 0, 255, 255, 7, 255, 255, 0, 0, 7]
    let second: [UInt8] = [7, 51, 51, 255, 255, 7, 7, 7, 7, 7, 7]
    #expect(sheet.pixels == background + first + first + background + second + second + background)
  }

  @Test func gridIsAboutSquare() throws {
    let tile = try Tile(height: 1, width: 1)
    let style = SheetStyle(scale: 1, margin: 0)
    for (count, width, height) in [(1, 1, 1), (2, 2, 1), (5, 3, 2), (100, 10, 10), (101, 11, 10)] {
      let sheet = try Picture.grid([Float](repeating: 0, count: count), tile: tile, style: style)
      #expect((sheet.width, sheet.height) == (width, height), "\(count) tiles")
    }
    let row = try Picture.grid([0, 1, 0], tile: tile, columns: 8, style: style)
    #expect((row.width, row.height) == (3, 1))
  }

  @Test func digitsOnASheet() throws {
    let sheet = try Picture.grid([Float](repeating: 0, count: 100 * 784), tile: Tile(height: 28, width: 28))
    #expect((sheet.width, sheet.height) == (582, 582))
  }

  @Test func colours() throws {
    let style = SheetStyle(scale: 1, margin: 0)
    // Two pixels: red, then blue with half the green.
    let expected: [UInt8] = [255, 0, 0, 0, 128, 255]
    let together = try Picture.grid(
      [1, 0, 0, 0, 0.5, 1], tile: Tile(height: 1, width: 2, channels: 3), style: style)
    #expect(together.pixels == expected)
    let planes = try Picture.grid(
      [1, 0, 0, 0.5, 0, 1], tile: Tile(height: 1, width: 2, channels: 3, channelsFirst: true), style: style)
    #expect(planes.pixels == expected)
    #expect(try decode(try planes.png()).pixels == expected)
  }

  @Test func pairsStandAboveEachOther() throws {
    let tile = try Tile(height: 1, width: 1)
    let sheet = try Picture.pairs(
      originals: [0, 0.2, 0.4], reconstructions: [1, 0.8, 0.6], tile: tile, columns: 2,
      style: SheetStyle(scale: 1, margin: 1, background: 7))
    try #require((sheet.width, sheet.height) == (5, 11))
    let lines = (0..<11).map { Array(sheet.pixels[$0 * 5..<$0 * 5 + 5]) }
    let empty: [UInt8] = [7, 7, 7, 7, 7]
    #expect(
      lines == [
        empty, [7, 0, 7, 51, 7], empty, [7, 255, 7, 204, 7], empty, empty, empty, [7, 102, 7, 7, 7], empty,
        [7, 153, 7, 7, 7], empty,
      ])
  }

  @Test func sizesThatAreRefused() throws {
    func text<Result>(_ body: () throws(PictureError) -> Result) -> String? {
      do throws(PictureError) {
        _ = try body()
        return nil
      } catch {
        return error.description
      }
    }
    #expect(
      text { () throws(PictureError) in try Picture(width: 0, height: 5) }
        == "a picture of 0 x 5 pixels is not possible; allowed are 1 to 1000000 a side and 2 GB")
    #expect(text { () throws(PictureError) in try Picture(width: 1_000_000, height: 1_000_000) } != nil)
    #expect(
      text { () throws(PictureError) in try Picture(width: 1, height: 1, channels: 2) }
        == "a picture of 2 channels cannot be made; allowed are 1 (grey) and 3 (colour)")
    #expect(
      text { () throws(PictureError) in try Picture(width: 2, height: 2, pixels: [1]) }
        == "1 values are no picture of 2 x 2 pixels with 1 channels")
    let tile = try Tile(height: 2, width: 2)
    for values: [Float] in [[], [1, 2, 3]] {
      #expect(
        text { () throws(PictureError) in try Picture.grid(values, tile: tile) }?.hasSuffix("a multiple of 4 is needed")
          == true)
    }
    #expect(text { () throws(PictureError) in try Picture.grid([1, 2, 3, 4], tile: tile, columns: 0) } != nil)
    for style in [SheetStyle(scale: 0), SheetStyle(scale: 65), SheetStyle(margin: -1), SheetStyle(margin: 2000)] {
      #expect(
        text { () throws(PictureError) in try Picture.grid([1, 2, 3, 4], tile: tile, style: style) }?
          .hasSuffix("allowed are 1 to 64 and 0 to 1024") == true)
    }
    #expect(
      text { () throws(PictureError) in
        try Picture.pairs(originals: [1, 2, 3, 4], reconstructions: [1], tile: tile)
      } == "4 values of originals do not pair with 1 of reconstructions")
  }

  @Test func writing() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/vae-pictures-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let picture = try Picture(width: 3, height: 2, fill: 200)
    let path = folder + "/a.png"
    try picture.write(to: path)
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == (try picture.png()))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.png"])
    #expect(throws: PictureError("\(folder)/none/a.png: the folder \(folder)/none does not exist")) {
      try picture.write(to: folder + "/none/a.png")
    }
  }
}
