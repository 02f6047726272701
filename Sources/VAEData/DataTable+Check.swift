import VAEFiles

/// A value that a model cannot take, and where it stands.
public struct InvalidValue: Sendable, Equatable {
  /// The row of the table, counted from 0.
  public let row: Int
  /// The column of the table, counted from 0.
  public let column: Int
  /// The value; NaN and infinities included.
  public let value: Float
}

extension DataTable {
  /// The first value, in row-major order, that is not finite, lies outside `range` or, where `whole` asks for that, is no
  /// whole number; nil where all are fine.
  public func firstInvalidValue(in range: ClosedRange<Float>? = nil, whole: Bool = false) -> InvalidValue? {
    let lower = range?.lowerBound ?? -Float.greatestFiniteMagnitude
    let upper = range?.upperBound ?? Float.greatestFiniteMagnitude
    // NaN fails both comparisons.
    let isBad = { (value: Float) in
      !(value >= lower && value <= upper && value.isFinite) || (whole && value != value.rounded())
    }
    switch values {
    case .floats(let floats):
      guard let index = floats.firstIndex(where: isBad) else { return nil }
      return InvalidValue(row: index / columns, column: index % columns, value: floats[index])
    case .bytes(let bytes, let scale):
      let bad = (0...255).map { byte in isBad(Float(byte) * scale) }
      guard bad.contains(true), let index = bytes.firstIndex(where: { bad[Int($0)] }) else { return nil }
      return InvalidValue(row: index / columns, column: index % columns, value: Float(bytes[index]) * scale)
    }
  }

  /// Throws where a value is not finite, lies outside `range` or is no whole number though it should be.
  ///
  /// - Parameters:
  ///   - range: what is allowed; nil for every finite number.
  ///   - whole: whether only whole numbers are allowed.
  ///   - reason: who asks, for the message, such as "the Bernoulli likelihood".
  /// - Throws: ``DataError`` of kind `value` naming the row (and the line of a CSV file), the column, the value and the
  ///   range.
  public func check(
    in range: ClosedRange<Float>? = nil, whole: Bool = false, for reason: String? = nil
  ) throws(DataError) {
    guard let bad = firstInvalidValue(in: range, whole: whole) else { return }
    let by = reason.map { " by \($0)" } ?? ""
    let place = place(row: bad.row, column: bad.column)
    guard bad.value.isFinite else {
      throw DataError(.value, source, "\(place): \(bad.value) is not finite; only finite numbers are allowed\(by)")
    }
    let numbers = range.map { "\(shortest($0.lowerBound)) to \(shortest($0.upperBound))" } ?? "finite numbers"
    let allowed = whole ? numbers + ", whole numbers only" : numbers
    let found = shortest(bad.value)
    throw DataError(.value, source, "\(place): \(found) is not allowed\(by); allowed is \(allowed)")
  }

  /// Where a value stands in its file, for messages: `line 4, column 2 ("age")`, or row and column counted from 1.
  public func place(row: Int, column: Int) -> String {
    let fileRow = fileRows?[row] ?? row
    let name = columnNames.map { " (" + quoted($0[column]) + ")" } ?? ""
    if let firstLine { return "line \(firstLine + fileRow), column \(column + 1)\(name)" }
    return "row \(fileRow + 1), column \(column + 1)\(name) (counted from 1)"
  }
}

/// The shortest decimal text that reads back as the same float; whole numbers without ".0".
func shortest(_ value: Float) -> String {
  if value == value.rounded(), abs(value) < 1e7, !(value == 0 && value.sign == .minus) { return String(Int32(value)) }
  return value.description
}
