import VAEFiles

/// Writes a table row by row to a .npy, CSV or IDX file; the file appears at its place only when `finish()` succeeds.
///
/// See ``VAEFiles/FileOutput`` for what that means, for `-` and for devices. One thread at a time.
public final class TableWriter {
  /// What one value is in a .npy or IDX file; CSV is text in both cases.
  public enum Element: Sendable {
    /// 32-bit floating point.
    case float32
    /// An unsigned byte.
    case uint8
  }

  private let output: FileOutput
  private let format: TableFormat
  private let element: Element
  private let columns: Int
  private let total: Int
  private var written = 0
  private var bytes: [UInt8] = []

  /// Opens the file and writes its header.
  ///
  /// - Parameters:
  ///   - path: where to; `-` is standard output.
  ///   - format: the kind of file; nil takes it from the ending of `path`.
  ///   - rows: how many rows will be written.
  ///   - rowShape: the shape of one row, such as `[20]` or `[28, 28]`; `[]` makes a one-dimensional array. CSV has
  ///     the product of it as columns.
  ///   - element: the type of the values; ``append(_:)`` is for `float32`, ``append(bytes:)`` for `uint8`.
  ///   - columnNames: the header of a CSV file, one name per column; none may be a number, not all may be empty. Other
  ///     formats have none.
  /// - Throws: ``DataError`` where an argument is not allowed or the file cannot be written.
  public init(
    path: String, format: TableFormat? = nil, rows: Int, rowShape: [Int], element: Element = .float32,
    columnNames: [String]? = nil
  ) throws(DataError) {
    let format = if let format { format } else { try TableFormat(path: path) }
    guard rows >= 0, let columns = checkedProduct(rowShape), checkedProduct([rows, columns, 4]) != nil else {
      throw DataError(.argument, path, "cannot hold \(rows) rows of shape \(rowShape)")
    }
    if format == .idx, rowShape.count > 254 || ([rows] + rowShape).contains(where: { $0 > UInt32.max }) {
      throw DataError(.argument, path, "an IDX file cannot hold \(rows) rows of shape \(rowShape)")
    }
    self.format = format
    self.element = element
    self.columns = columns
    total = rows * columns
    var header: [UInt8] = []
    switch format {
    case .npy: header = Self.npyHeader(shape: [rows] + rowShape, element: element)
    case .idx: header = Self.idxHeader(shape: [rows] + rowShape, element: element)
    case .csv:
      if let columnNames { header = try Self.csvHeader(columnNames, columns: columns, path: path) }
    }
    do throws(FileError) {
      output = try FileOutput(path)
      try output.write(header)
    } catch {
      throw DataError(error)
    }
  }

  /// Appends whole rows of floats, row-major.
  ///
  /// - Throws: ``DataError`` of kind `shape` where the number of values is no multiple of the columns or too large, of
  ///   kind `unwritable` where writing fails.
  public func append(_ values: [Float]) throws(DataError) {
    try values.withUnsafeBufferPointer { buffer throws(DataError) in try append(buffer) }
  }

  /// Appends whole rows of floats, row-major, from memory that is only read during the call.
  public func append(_ values: UnsafeBufferPointer<Float>) throws(DataError) {
    try expect(.float32, count: values.count)
    switch format {
    case .csv: try writeText(values.count) { shortest(values[$0]) }
    case .npy: try writeWords(values) { $0.bitPattern.littleEndian }
    case .idx: try writeWords(values) { $0.bitPattern.bigEndian }
    }
  }

  /// Appends whole rows of bytes, row-major.
  ///
  /// - Throws: ``DataError`` as ``append(_:)``.
  public func append(bytes values: [UInt8]) throws(DataError) {
    try expect(.uint8, count: values.count)
    if format == .csv {
      try writeText(values.count) { String(values[$0]) }
    } else {
      try put(values)
    }
  }

  /// Completes the file.
  ///
  /// - Throws: ``DataError`` of kind `shape` where rows are missing, of kind `unwritable` where writing fails; the file
  ///   that was there before is then left as it was.
  public func finish() throws(DataError) {
    guard written == total else {
      throw DataError(.shape, output.name, "\(written) of \(total) values were written")
    }
    do throws(FileError) { try output.commit() } catch { throw DataError(error) }
  }

  private func expect(_ given: Element, count: Int) throws(DataError) {
    guard given == element else {
      throw DataError(.argument, output.name, "holds \(element) values; \(given) values cannot be added")
    }
    guard columns == 0 ? count == 0 : count % columns == 0, count <= total - written else {
      throw DataError(
        .shape, output.name,
        "\(counted(count, "value")) cannot be added: \(written) of \(total) are there, in rows of \(columns)")
    }
    written += count
  }

  private func put(_ bytes: [UInt8]) throws(DataError) {
    do throws(FileError) { try output.write(bytes) } catch { throw DataError(error) }
  }

  private func writeWords(
    _ values: UnsafeBufferPointer<Float>, _ word: (Float) -> UInt32
  ) throws(DataError) {
    let piece = 1 << 14
    for start in stride(from: 0, to: values.count, by: piece) {
      let end = min(start + piece, values.count)
      let block = [UInt8](unsafeUninitializedCapacity: (end - start) * 4) { target, count in
        for index in start..<end {
          UnsafeMutableRawBufferPointer(target).storeBytes(
            of: word(values[index]), toByteOffset: (index - start) * 4, as: UInt32.self)
        }
        count = (end - start) * 4
      }
      try put(block)
    }
  }

  private func writeText(_ count: Int, _ cell: (Int) -> String) throws(DataError) {
    for index in 0..<count {
      bytes.append(contentsOf: cell(index).utf8)
      bytes.append((index + 1) % columns == 0 ? 0x0a : UInt8(ascii: ","))
      if bytes.count > 1 << 15 {
        try put(bytes)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    try put(bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}

@available(*, unavailable, message: "a writer has one file position: give every thread its own file")
extension TableWriter: Sendable {}

extension TableWriter {
  private static func npyHeader(shape: [Int], element: Element) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let descr = element == .float32 ? "<f4" : "|u1"
    var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // NumPy wants the values to begin at a multiple of 64 bytes, and a line end before them.
    text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
    let length = text.utf8.count
    return NPYHeader.magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  private static func idxHeader(shape: [Int], element: Element) -> [UInt8] {
    let type = element == .float32 ? IDXType.float : IDXType.unsignedByte
    let sizes = shape.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
    return [0, 0, type, UInt8(shape.count)] + sizes
  }

  private static func csvHeader(_ names: [String], columns: Int, path: String) throws(DataError) -> [UInt8] {
    guard names.count == columns else {
      throw DataError(.argument, path, "\(counted(names.count, "name")) given for \(counted(columns, "column"))")
    }
    // What the reader would not take as a header again.
    if names.allSatisfy(\.isEmpty) { throw DataError(.argument, path, "a header needs a name that is not empty") }
    if let bad = names.first(where: { parseNumber(Array($0.utf8)) != nil }) {
      throw DataError(
        .argument, path, "\(quoted(bad)) cannot be the name of a column: a header has no numbers")
    }
    let cells = names.map { name in
      let isPlain = !name.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
      return isPlain
        ? name : "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
    return Array((cells.joined(separator: ",") + "\n").utf8)
  }
}

extension DataTable {
  /// Writes the table to a file.
  ///
  /// Bytes are written as they are to .npy (uint8) and IDX, without their scale; CSV gets the values, bytes times
  /// scale, as the shortest text that reads back the same, with the column names as header where there are some. Labels
  /// are not written. An array file has the shape `[rows]` + the image's shape where there is one, else `[rows,
  /// columns]`.
  ///
  /// - Parameters:
  ///   - path: where to; `-` is standard output.
  ///   - format: the kind of file; nil takes it from the ending of `path`.
  /// - Throws: ``DataError`` where the file cannot be written.
  public func write(to path: String, format: TableFormat? = nil) throws(DataError) {
    let format = if let format { format } else { try TableFormat(path: path) }
    let shape = geometry?.shape ?? [columns]
    if format != .csv, case .bytes(let bytes, _) = values {
      let writer = try TableWriter(path: path, format: format, rows: rows, rowShape: shape, element: .uint8)
      try writer.append(bytes: bytes)
      return try writer.finish()
    }
    let writer = try TableWriter(path: path, format: format, rows: rows, rowShape: shape, columnNames: columnNames)
    switch values {
    case .floats(let floats): try writer.append(floats)
    case .bytes:
      for start in stride(from: 0, to: rows, by: 256) {
        try writer.append(floats(rows: start..<min(start + 256, rows)))
      }
    }
    try writer.finish()
  }
}
