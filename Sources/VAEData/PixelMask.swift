/// The part of an image that is seen; the rest is missing, to be completed.
public enum ObservedPart: Sendable, Equatable, CustomStringConvertible {
  /// The left half.
  case left
  /// The upper half.
  case top
  /// 1: the lower left quadrant; 2: also the upper left one; 3: also the upper right one (as in Sohn, Lee & Yan 2015).
  case quadrants(Int)

  /// "left", "top" or "quadrants=N"; nil for other words.
  public init?(_ word: String) {
    switch word {
    case "left": self = .left
    case "top": self = .top
    case "quadrants=1": self = .quadrants(1)
    case "quadrants=2": self = .quadrants(2)
    case "quadrants=3": self = .quadrants(3)
    default: return nil
    }
  }

  /// The word that ``init(_:)`` reads.
  public var description: String {
    switch self {
    case .left: "left"
    case .top: "top"
    case .quadrants(let count): "quadrants=\(count)"
    }
  }

  /// Whether the pixel at `row`, `column` of an image of that size is seen. An odd side is cut below its middle.
  func holds(row: Int, column: Int, height: Int, width: Int) -> Bool {
    let (isUpper, isLeft) = (row < height / 2, column < width / 2)
    return switch self {
    case .left: isLeft
    case .top: isUpper
    case .quadrants(1): isLeft && !isUpper
    case .quadrants(2): isLeft
    case .quadrants(3): isLeft || isUpper
    case .quadrants: false
    }
  }
}

/// Which values of an image's row are seen and which are missing.
///
/// A model that completes images has the missing values as its data and, as its condition, the whole row with
/// ``mark`` in place of them.
public struct PixelMask: Sendable {
  /// What stands for a missing value in a condition: no grey value.
  public static let mark: Float = -1

  /// The columns that are missing, ascending.
  public let missing: [Int]
  /// The values of a whole row.
  public let columns: Int

  /// The mask of images of that geometry: a pixel is seen or missing with all of its channels.
  ///
  /// - Throws: ``DataError`` where nothing would be seen or nothing be missing.
  public init(_ observed: ObservedPart, geometry: ImageGeometry) throws(DataError) {
    columns = geometry.height * geometry.width * geometry.channels
    let (height, width, channels) = (geometry.height, geometry.width, geometry.channels)
    let plane = height * width
    missing = (0..<columns).filter { index in
      let pixel = geometry.channelsFirst ? index % plane : index / channels
      return !observed.holds(row: pixel / width, column: pixel % width, height: height, width: width)
    }
    guard !missing.isEmpty, missing.count < columns else {
      throw DataError(
        .argument, "\(observed)", "an image of \(height) x \(width) pixels is too small to be seen in part")
    }
  }

  /// The missing values of each row of `table`: a table of ``missing``.count columns, which are no image.
  ///
  /// - Precondition: the table has as many columns as the mask.
  public func missingPart(of table: DataTable) throws(DataError) -> DataTable {
    let values: DataTable.Values =
      switch table.values {
      case .floats(let floats): .floats(gathered(floats, rows: table.rows))
      case .bytes(let bytes, let scale): .bytes(gathered(bytes, rows: table.rows), scale: scale)
      }
    let names = table.columnNames.map { names in missing.map { names[$0] } }
    var part = try DataTable(
      values: values, rows: table.rows, columns: missing.count, columnNames: names, labels: table.labels,
      source: table.source)
    (part.firstLine, part.fileRows) = (table.firstLine, table.fileRows)
    return part
  }

  /// Each row of `values` with ``mark`` for what is missing.
  ///
  /// - Precondition: the values are whole rows.
  public func marked(_ values: [Float], with mark: Float = mark) -> [Float] {
    var result = values
    for start in stride(from: 0, to: values.count, by: columns) {
      for column in missing { result[start + column] = mark }
    }
    return result
  }

  /// The rows `values` with `parts`, a row of missing values each, in their places.
  ///
  /// - Precondition: there are as many rows of both.
  public func completed(_ values: [Float], with parts: [Float]) -> [Float] {
    var result = values
    for row in 0..<values.count / columns {
      for (index, column) in missing.enumerated() {
        result[row * columns + column] = parts[row * missing.count + index]
      }
    }
    return result
  }

  private func gathered<Element>(_ values: [Element], rows: Int) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(rows * missing.count)
    for row in 0..<rows {
      for column in missing { result.append(values[row * columns + column]) }
    }
    return result
  }
}
