/// A picture that cannot be made or written.
public struct PictureError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was found and what is allowed, in one line.
  public let description: String

  /// Makes an error with this text.
  public init(_ description: String) { self.description = description }
}

/// An image in memory: 8 bits per channel, grey or RGB, rows from top to bottom.
public struct Picture: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows of pixels.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// The values, `[height, width, channels]` row-major; 0 is black, 255 is full light.
  public private(set) var pixels: [UInt8]

  /// The largest width and height, a bound of libpng.
  public static let largestSide = 1_000_000
  private static let largestSize = 1 << 31

  /// Makes a picture of one colour.
  ///
  /// - Parameters:
  ///   - channels: 1 or 3.
  ///   - fill: the value of every channel of every pixel.
  /// - Throws: ``PictureError`` where a size is below 1 or the picture would be larger than 2 GB.
  public init(width: Int, height: Int, channels: Int = 1, fill: UInt8 = 0) throws(PictureError) {
    try Self.check(width: width, height: height, channels: channels)
    self.init(
      width: width, height: height, channels: channels,
      checked: [UInt8](repeating: fill, count: width * height * channels))
  }

  /// Makes a picture of the given pixels, `[height, width, channels]` row-major.
  ///
  /// - Throws: ``PictureError`` where the sizes are not allowed or the number of pixels is another.
  public init(width: Int, height: Int, channels: Int = 1, pixels: [UInt8]) throws(PictureError) {
    try Self.check(width: width, height: height, channels: channels)
    guard pixels.count == width * height * channels else {
      throw PictureError(
        "\(pixels.count) values are no picture of \(width) x \(height) pixels with \(channels) channels")
    }
    self.init(width: width, height: height, channels: channels, checked: pixels)
  }

  private init(width: Int, height: Int, channels: Int, checked pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  static func check(width: Int, height: Int, channels: Int) throws(PictureError) {
    guard channels == 1 || channels == 3 else {
      throw PictureError("a picture of \(channels) channels cannot be made; allowed are 1 (grey) and 3 (colour)")
    }
    let sides = 1...largestSide
    guard sides.contains(width), sides.contains(height), width * height <= largestSize / channels else {
      throw PictureError(
        "a picture of \(width) x \(height) pixels is not possible; allowed are 1 to \(largestSide) a side and 2 GB"
      )
    }
  }

  /// Paints a rectangle in one value, all channels alike; the part outside the picture is left out.
  mutating func fill(x: Range<Int>, y: Range<Int>, with value: UInt8) {
    let columns = x.clamped(to: 0..<width)
    for row in y.clamped(to: 0..<height) {
      let start = row * width * channels
      for index in start + columns.lowerBound * channels..<start + columns.upperBound * channels {
        pixels[index] = value
      }
    }
  }

  /// Draws one tile with its upper left corner at `x`, `y`, every pixel as a square of `scale` pixels.
  ///
  /// The tile lies inside the picture, and `values` has its size: the callers lay out the sheet.
  mutating func draw(_ values: ArraySlice<Float>, _ tile: Tile, x: Int, y: Int, scale: Int) {
    for row in 0..<tile.height {
      for column in 0..<tile.width {
        for channel in 0..<channels {
          let byte = Self.byte(values[values.startIndex + tile.index(row, column, channel)])
          for dy in 0..<scale {
            let start = ((y + row * scale + dy) * width + x + column * scale) * channels + channel
            for dx in 0..<scale { pixels[start + dx * channels] = byte }
          }
        }
      }
    }
  }

  /// A value in [0, 1] as a byte, rounded to the nearest; what lies outside is clamped, NaN is black.
  public static func byte(_ value: Float) -> UInt8 {
    // The comparison is false for NaN.
    guard value > 0 else { return 0 }
    return UInt8(min(value, 1) * 255 + 0.5)
  }
}

/// The size of one small image, and how its values lie in a row of data.
public struct Tile: Sendable, Equatable {
  /// Rows of pixels.
  public let height: Int
  /// Pixels in a row.
  public let width: Int
  /// 1 for grey, 3 for colour.
  public let channels: Int
  /// True for `[channels, height, width]`, false for `[height, width, channels]`.
  public let channelsFirst: Bool

  /// Makes a tile of `height` x `width` pixels.
  ///
  /// - Throws: ``PictureError`` where a size is below 1 or too large, or the channels are not 1 or 3.
  public init(height: Int, width: Int, channels: Int = 1, channelsFirst: Bool = false) throws(PictureError) {
    try Picture.check(width: width, height: height, channels: channels)
    self.height = height
    self.width = width
    self.channels = channels
    self.channelsFirst = channelsFirst
  }

  /// The values of one tile.
  public var count: Int { height * width * channels }

  func index(_ row: Int, _ column: Int, _ channel: Int) -> Int {
    channelsFirst ? (channel * height + row) * width + column : (row * width + column) * channels + channel
  }
}
