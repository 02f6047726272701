/// What reading a data set depends on besides the file.
public struct ReadOptions: Sendable {
  /// What the values are multiplied by.
  public var scale: ValueScale
  /// True where the values are wanted in [0, 1] (a Bernoulli likelihood): decides for bytes of a .npy file.
  public var unitInterval: Bool
  /// The part of the bundled data that the plain name `digits` means.
  public var digits: DigitsPart

  /// The usual options: automatic scale, values in [0, 1], and `digits` meaning the held-out part.
  public init(scale: ValueScale = .automatic, unitInterval: Bool = true, digits: DigitsPart = .test) {
    self.scale = scale
    self.unitInterval = unitInterval
    self.digits = digits
  }
}

extension DataTable {
  /// Reads a data set.
  ///
  /// `source` is `digits`, `digits:train` or `digits:test` (the bundled data), or the path of a file: IDX, .npy or CSV,
  /// each plain or compressed by gzip. IDX, .npy and gzip are recognised by their first bytes; a CSV file by its ending
  /// .csv or .csv.gz, or by being a pipe. Write `./digits` for a file of that name.
  ///
  /// The result is `[rows, columns]`: the first dimension of an array counts rows, the others are flattened.
  ///
  /// - Throws: ``DataError`` naming the file, what was found and what is allowed. Values that are not finite are read;
  ///   use ``check(in:for:)`` to reject them.
  public static func read(_ source: String, options: ReadOptions = ReadOptions()) throws(DataError) -> DataTable {
    if let scale = options.scale.factor, !(scale.isFinite && scale > 0) {
      throw DataError(.argument, source, "the scale is \(scale); allowed is a finite number above 0")
    }
    if let part = DigitsPart(rawValue: source) {
      return try digits(part == .all ? options.digits : part, scale: options.scale)
    }
    if source.hasPrefix("digits:") {
      throw DataError(
        .argument, source, "is no part of the bundled data; allowed are digits, digits:train and digits:test")
    }
    let reader = try ByteReader(path: source)
    switch try kind(of: reader) {
    case .idx: return try readIDX(reader, scale: options.scale)
    case .npy: return try readNPY(reader, scale: options.scale, unitInterval: options.unitInterval)
    case .csv: return try readCSV(reader, scale: options.scale)
    }
  }

  /// Reads one class label per row from an IDX, .npy or CSV file with one column of whole numbers.
  ///
  /// - Throws: ``DataError`` as ``read(_:options:)``, and of kind `value` or `shape` where there are more columns or a
  ///   number is not whole.
  public static func readLabels(_ path: String) throws(DataError) -> [Int32] {
    if let part = DigitsPart(rawValue: path) { return try digits(part).labels ?? [] }
    return try labelsOf(read(path, options: ReadOptions(scale: .factor(1))))
  }

  private static func kind(of reader: ByteReader) throws(DataError) -> TableFormat {
    let start = try reader.peek(6)
    if start.isEmpty { throw DataError(.malformed, reader.source, "the file is empty once it is inflated") }
    if start == NPYHeader.magic { return .npy }
    if IDXType.isMagic(start) { return .idx }
    let name = reader.source.lowercased()
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    switch TableFormat(ending: plain) {
    // The reader of that format says what is wrong with the magic.
    case let format?: return format
    case nil where reader.isSpecial: return .csv
    case nil:
      throw DataError(
        .malformed, reader.source,
        "is of an unknown kind (it begins with \(hexBytes(Array(start.prefix(4))))); allowed are IDX, .npy and .csv, "
          + "also as .gz")
    }
  }
}

/// The values of a table of one column as labels.
func labelsOf(_ table: DataTable) throws(DataError) -> [Int32] {
  guard table.columns == 1 else {
    throw DataError(.shape, table.source, "has \(table.columns) columns; labels are one column of whole numbers")
  }
  switch table.values {
  case .bytes(let bytes, _): return bytes.map { Int32($0) }
  case .floats(let floats):
    // Floats count exactly up to 2^24.
    if let row = floats.firstIndex(where: { !(abs($0) <= 16_777_216) || $0 != $0.rounded() }) {
      let place = table.place(row: row, column: 0)
      throw DataError(
        .value, table.source, "\(place): \(shortest(floats[row])) is not a label; allowed are whole numbers")
    }
    return floats.map { Int32($0) }
  }
}
