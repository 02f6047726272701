/// How tiles are set on a sheet. All lengths are in pixels of the finished picture.
public struct SheetStyle: Sendable, Equatable {
  /// Every pixel of a tile becomes a square of this many pixels a side.
  public var scale: Int
  /// Space between tiles and around all of them.
  public var margin: Int
  /// The grey value of that space.
  public var background: UInt8

  /// Makes a style; the default shows 28 x 28 digits at twice their size, with a narrow grey line between them.
  public init(scale: Int = 2, margin: Int = 2, background: UInt8 = 64) {
    self.scale = scale
    self.margin = margin
    self.background = background
  }
}

extension Picture {
  /// Sets images in a grid, from left to right and from top to bottom.
  ///
  /// - Parameters:
  ///   - values: `[count, tile.count]` row-major, in [0, 1]; what lies outside is clamped, NaN is black.
  ///   - tile: the size of one image.
  ///   - columns: images in a line; nil makes the grid about square.
  ///   - style: scale, margin and background.
  /// - Returns: a picture with the channels of the tile.
  /// - Throws: ``PictureError`` where there is no image, the values are no whole number of images, or the sheet is too
  ///   large.
  public static func grid(
    _ values: [Float], tile: Tile, columns: Int? = nil, style: SheetStyle = SheetStyle()
  ) throws(PictureError) -> Picture {
    let count = try imageCount(values, tile)
    let columns = columns ?? Int(Double(count).squareRoot().rounded(.up))
    guard columns > 0 else { throw PictureError("a grid of \(columns) columns cannot be made; at least 1 is needed") }
    let across = min(columns, count)
    let down = (count - 1) / columns + 1
    var sheet = try blankSheet(tile: tile, across: across, down: down, style: style)
    for image in 0..<count {
      let place = style.origin(column: image % columns, row: image / columns, tile: tile)
      let start = image * tile.count
      sheet.draw(values[start..<start + tile.count], tile, x: place.x, y: place.y, scale: style.scale)
    }
    return sheet
  }

  /// Sets originals above their reconstructions: a line of originals, right below it the line of their reconstructions,
  /// and so on.
  ///
  /// - Parameters:
  ///   - originals: `[count, tile.count]` row-major, in [0, 1]; clamped like those of ``grid(_:tile:columns:style:)``.
  ///   - reconstructions: as many, in the same order.
  ///   - tile: the size of one image.
  ///   - columns: pairs in a line; nil puts up to 10.
  ///   - style: scale, margin and background; between the lines of different pairs the margin is three times as wide.
  /// - Throws: ``PictureError`` as ``grid(_:tile:columns:style:)``, and where the two are not equally many.
  public static func pairs(
    originals: [Float], reconstructions: [Float], tile: Tile, columns: Int? = nil, style: SheetStyle = SheetStyle()
  ) throws(PictureError) -> Picture {
    let count = try imageCount(originals, tile)
    guard reconstructions.count == originals.count else {
      throw PictureError(
        "\(originals.count) values of originals do not pair with \(reconstructions.count) of reconstructions")
    }
    let columns = columns ?? 10
    guard columns > 0 else { throw PictureError("pairs in \(columns) columns cannot be set; at least 1 is needed") }
    let lines = (count - 1) / columns + 1
    let extra = 2 * style.margin
    var sheet = try blankSheet(
      tile: tile, across: min(columns, count), down: 2 * lines, style: style, extraHeight: (lines - 1) * extra)
    for image in 0..<count {
      let line = image / columns
      let start = image * tile.count
      for (below, values) in [originals, reconstructions].enumerated() {
        let place = style.origin(column: image % columns, row: 2 * line + below, tile: tile)
        sheet.draw(
          values[start..<start + tile.count], tile, x: place.x, y: place.y + line * extra, scale: style.scale)
      }
    }
    return sheet
  }

  static func imageCount(_ values: [Float], _ tile: Tile) throws(PictureError) -> Int {
    guard !values.isEmpty, values.count % tile.count == 0 else {
      throw PictureError(
        "\(values.count) values are no images of \(tile.height) x \(tile.width) pixels with \(tile.channels) channels; "
          + "a multiple of \(tile.count) is needed")
    }
    return values.count / tile.count
  }

  static func blankSheet(
    tile: Tile, across: Int, down: Int, style: SheetStyle, extraWidth: Int = 0, extraHeight: Int = 0
  ) throws(PictureError) -> Picture {
    guard (1...64).contains(style.scale), (0...1024).contains(style.margin) else {
      throw PictureError(
        "a scale of \(style.scale) and a margin of \(style.margin) are not allowed; allowed are 1 to 64 and 0 to 1024")
    }
    // No product here overflows: a side is at most 10^6, a scale 64, and a count of tiles that of an array's elements.
    let width = style.margin + across * (tile.width * style.scale + style.margin) + extraWidth
    let height = style.margin + down * (tile.height * style.scale + style.margin) + extraHeight
    return try Picture(width: width, height: height, channels: tile.channels, fill: style.background)
  }
}

extension SheetStyle {
  /// The upper left corner of the tile in this column and row.
  func origin(column: Int, row: Int, tile: Tile) -> (x: Int, y: Int) {
    (margin + column * (tile.width * scale + margin), margin + row * (tile.height * scale + margin))
  }
}
