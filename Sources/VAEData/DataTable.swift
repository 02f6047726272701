/// How the columns of a row lie in an image.
public struct ImageGeometry: Sendable, Equatable {
  /// Rows of pixels.
  public var height: Int
  /// Pixels in a row.
  public var width: Int
  /// 1 for grey, 3 for colour.
  public var channels: Int
  /// True where a row holds whole planes one after the other (`[channels, height, width]`), false where the channels of
  /// a pixel lie together (`[height, width, channels]`). Of no matter with one channel.
  public var channelsFirst: Bool

  /// Makes a geometry of `height` x `width` pixels.
  public init(height: Int, width: Int, channels: Int = 1, channelsFirst: Bool = false) {
    self.height = height
    self.width = width
    self.channels = channels
    self.channelsFirst = channelsFirst
  }

  /// The geometry of one example of the given shape (without the count of examples); nil where it is no image.
  ///
  /// `[h, w]` is grey; `[h, w, c]` and `[c, h, w]` are images where `c` is 1 or 3.
  public init?(shape: [Int]) {
    switch shape.count {
    case 2: self.init(height: shape[0], width: shape[1])
    case 3 where shape[2] == 1 || shape[2] == 3: self.init(height: shape[0], width: shape[1], channels: shape[2])
    case 3 where shape[0] == 1 || shape[0] == 3:
      self.init(height: shape[1], width: shape[2], channels: shape[0], channelsFirst: true)
    default: return nil
    }
  }

  /// The shape of one example: `[h, w]`, `[h, w, c]` or `[c, h, w]`.
  public var shape: [Int] {
    if channels == 1 { return [height, width] }
    return channelsFirst ? [channels, height, width] : [height, width, channels]
  }
}

/// A data set in memory: rows (examples) by columns (values of an example), row-major.
///
/// A value type; copies share memory until one is changed. `rows` and `columns` are at least 1.
public struct DataTable: Sendable {
  /// The values, row-major: value of row r and column c at index `r * columns + c`.
  public enum Values: Sendable, Equatable {
    /// The values themselves.
    case floats([Float])
    /// Bytes; a value is its byte times `scale`.
    case bytes([UInt8], scale: Float)

    /// How many values there are.
    public var count: Int {
      switch self {
      case .floats(let floats): floats.count
      case .bytes(let bytes, _): bytes.count
      }
    }
  }

  /// Where the data came from: a path, or "digits:train". Used in messages.
  public var source: String
  /// The values, `[rows, columns]` row-major.
  public internal(set) var values: Values
  /// The number of rows (examples).
  public internal(set) var rows: Int
  /// The number of columns (values of one example).
  public let columns: Int
  /// How a row is an image, where the file says so (IDX and .npy of 3 or 4 dimensions).
  public internal(set) var geometry: ImageGeometry?
  /// The names of the columns, where a CSV file has a header.
  public internal(set) var columnNames: [String]?
  /// One class label per row, where they are known.
  public internal(set) var labels: [Int32]?

  /// The line of the file at which row 0 of the file stood, counted from 1; nil where the file has no lines.
  var firstLine: Int?
  /// The row of the file that each row was, counted from 0; nil where that is the same number.
  var fileRows: [Int]?

  /// Makes a table of `rows` x `columns` values.
  ///
  /// - Parameters:
  ///   - values: `rows * columns` values, row-major.
  ///   - geometry: how a row is an image; its size must be `columns`.
  ///   - columnNames: one per column.
  ///   - labels: one per row.
  ///   - source: the name used in messages.
  /// - Throws: ``DataError`` of kind `shape` where a count does not fit, or rows or columns are fewer than 1.
  public init(
    values: Values, rows: Int, columns: Int, geometry: ImageGeometry? = nil, columnNames: [String]? = nil,
    labels: [Int32]? = nil, source: String = "data"
  ) throws(DataError) {
    guard rows > 0 else { throw DataError(.shape, source, "has no rows; at least one is needed") }
    guard columns > 0 else { throw DataError(.shape, source, "has no columns; at least one is needed") }
    let (size, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, size == values.count else {
      throw DataError(.shape, source, "has \(values.count) values, not \(rows) rows x \(columns) columns")
    }
    if let geometry, checkedProduct(geometry.shape) != columns {
      throw DataError(.shape, source, "an image of shape \(geometry.shape) does not have \(columns) values")
    }
    if let columnNames, columnNames.count != columns {
      throw DataError(.shape, source, "has \(columnNames.count) column names for \(counted(columns, "column"))")
    }
    if let labels, labels.count != rows {
      throw DataError(.shape, source, "has \(labels.count) labels for \(counted(rows, "row"))")
    }
    self.values = values
    self.rows = rows
    self.columns = columns
    self.geometry = geometry
    self.columnNames = columnNames
    self.labels = labels
    self.source = source
  }

  /// The same table with one label per row.
  ///
  /// - Throws: ``DataError`` of kind `shape` where the counts differ.
  public consuming func labelled(_ labels: [Int32]) throws(DataError) -> DataTable {
    guard labels.count == rows else {
      throw DataError(
        .shape, source, "has \(counted(rows, "row")) and \(counted(labels.count, "label")); every row needs one")
    }
    self.labels = labels
    return self
  }

  /// The values of the rows in `range`, `[range.count, columns]` row-major, bytes times their scale.
  ///
  /// - Precondition: `range` lies inside `0..<rows`.
  public func floats(rows range: Range<Int>) -> [Float] {
    let cells = range.lowerBound * columns..<range.upperBound * columns
    switch values {
    case .floats(let floats): return Array(floats[cells])
    case .bytes(let bytes, let scale): return bytes[cells].map { Float($0) * scale }
    }
  }
}

/// The product of `sizes`, or nil where one is negative or it does not fit.
func checkedProduct(_ sizes: [Int]) -> Int? {
  var product = 1
  for size in sizes {
    guard size >= 0 else { return nil }
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    product = next
  }
  return product
}
