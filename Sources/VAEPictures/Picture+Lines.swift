extension Picture {
  /// Sets images in lines of equal parts, with a wider space between the parts of a line than within one.
  ///
  /// - Parameters:
  ///   - values: `[count, tile.count]` row-major, in [0, 1]; clamped like those of ``grid(_:tile:columns:style:)``.
  ///   - tile: the size of one image.
  ///   - parts: how many images each part of a line has, from left to right; at least one each.
  ///   - style: scale, margin and background; between parts the margin is five times as wide.
  /// - Throws: ``PictureError`` as ``grid(_:tile:columns:style:)``, and where the images are no whole number of lines.
  public static func lines(
    _ values: [Float], tile: Tile, parts: [Int], style: SheetStyle = SheetStyle()
  ) throws(PictureError) -> Picture {
    let count = try imageCount(values, tile)
    let across = parts.reduce(0, +)
    guard across > 0, parts.allSatisfy({ $0 > 0 }), count % across == 0 else {
      throw PictureError("\(count) images are no whole number of lines with parts of \(parts)")
    }
    let extra = 4 * style.margin
    var sheet = try blankSheet(
      tile: tile, across: across, down: count / across, style: style, extraWidth: (parts.count - 1) * extra)
    let part = parts.enumerated().flatMap { index, size in Array(repeating: index, count: size) }
    for image in 0..<count {
      let place = style.origin(column: image % across, row: image / across, tile: tile)
      let start = image * tile.count
      sheet.draw(
        values[start..<start + tile.count], tile, x: place.x + part[image % across] * extra, y: place.y,
        scale: style.scale)
    }
    return sheet
  }
}
