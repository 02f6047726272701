import VAEData
import VAEFiles
import VAEPictures

/// How the values of a row become a picture.
struct ImageLayout: Sendable {
  let tile: Tile

  /// The layout of rows of `columns` values: what `--shape` says, else what the data say, else a grey square.
  ///
  /// - Throws: ``UsageError`` where `--shape` has another number of values, or none of the three is there.
  init(columns: Int, shape: ImageGeometry?, data: ImageGeometry?, command: String) throws {
    let shape = try shape.map { try Self.checked($0, columns: columns, command: command) }
    // A file that flattens its images loses their geometry; one with another number of values cannot be the model's.
    let known = shape ?? data.flatMap { $0.shape.reduce(1, *) == columns ? $0 : nil }
    if let known {
      tile = try Tile(
        height: known.height, width: known.width, channels: known.channels, channelsFirst: known.channelsFirst)
      return
    }
    let side = Int(Double(columns).squareRoot().rounded())
    guard side * side == columns else {
      throw UsageError("\(command): \(columns) values are no square picture; say how they lie with --shape HxW")
    }
    tile = try Tile(height: side, width: side)
  }

  /// `shape`, where it has as many values as a row.
  static func checked(_ shape: ImageGeometry, columns: Int, command: String) throws(UsageError) -> ImageGeometry {
    let count = shape.shape.reduce(1, *)
    guard count == columns else {
      let sizes = shape.shape.map(String.init).joined(separator: "x")
      throw UsageError("\(command): --shape \(sizes) has \(plural(count, "value")); a row has \(grouped(columns))")
    }
    return shape
  }

  /// Small images are shown larger, so that a person sees them.
  var style: SheetStyle {
    let side = max(tile.width, tile.height)
    return SheetStyle(scale: side >= 64 ? 1 : side >= 20 ? 2 : min(12, 48 / side))
  }

  /// A grid of the images in `values`.
  func grid(_ values: [Float], columns: Int? = nil, tones: Tones) throws -> Picture {
    try Picture.grid(tones.applied(to: values), tile: tile, columns: columns, style: style)
  }

  /// Originals above their reconstructions.
  func pairs(_ originals: [Float], _ reconstructions: [Float], columns: Int? = nil, tones: Tones) throws -> Picture {
    try Picture.pairs(
      originals: tones.applied(to: originals), reconstructions: tones.applied(to: reconstructions), tile: tile,
      columns: columns, style: style)
  }
}

/// Which values are black and white in a picture.
struct Tones: Sendable, Equatable {
  let black: Float
  let white: Float

  /// 0 is black, 1 is white.
  static let unit = Tones(black: 0, white: 1)

  private init(black: Float, white: Float) { (self.black, self.white) = (black, white) }

  /// 0 to 1 where the values lie there; else the lowest value is black and the highest white.
  init(fitting values: [Float]) {
    var (low, high): (Float, Float) = (.infinity, -.infinity)
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    self = low < 0 || high > 1 ? Tones(black: low, white: high) : .unit
  }

  func applied(to values: [Float]) -> [Float] {
    if self == .unit { return values }
    let range = white - black
    return values.map { range > 0 ? ($0 - black) / range : 0.5 }
  }
}

/// Writes a picture; the error names the file.
func writePicture(_ picture: Picture, to path: String) throws {
  // Encoding errors do not know the file.
  let bytes: [UInt8]
  do { bytes = try picture.png() } catch { throw Failure("\(printable(path)): \(error)") }
  try FileOutput.write(bytes, to: path)
}
