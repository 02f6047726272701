/// Reads CSV text: one example per line, every cell a number, cells separated by commas.
///
/// The first line is a header where none of its cells is a number and at least one is not empty. Blank lines are
/// allowed only at the end. NaN and infinities are read as such: ``DataTable/check(in:for:)`` reports them with line
/// and column. A finite number beyond float32 is an error.
func readCSV(_ reader: ByteReader, scale: ValueScale) throws(DataError) -> DataTable {
  var parser = try CSVParser(reader)
  try parser.parse()
  return try parser.finish(scale: scale)
}

private struct CSVParser: ~Copyable {
  private let reader: ByteReader
  private var cells: CSVCells
  private var values: [Float] = []
  private var rows = 0
  private var columns = 0
  private var names: [String]?
  private var firstLine = 0
  /// The line that fixed the number of columns.
  private var modelLine = 0
  private var blankLine: Int?
  /// No model has as many inputs; a compressed file without line ends is stopped here.
  private static let mostColumns = 1_000_000

  init(_ reader: ByteReader) throws(DataError) {
    self.reader = reader
    cells = try CSVCells(reader)
  }

  mutating func parse() throws(DataError) {
    while try !cells.isDone() {
      let line = cells.line
      if columns == 0 { try parseFirst(line) } else { try parseRow(line) }
      if rows == 1000 { reserve() }
    }
  }

  consuming func finish(scale: ValueScale) throws(DataError) -> DataTable {
    guard rows > 0 else {
      let what = names == nil ? "holds only blank lines" : "has a header and no rows"
      throw DataError(.shape, reader.source, "\(what); at least one row of numbers is needed")
    }
    var table = try DataTable(
      values: .floats(scale.applied(to: values)), rows: rows, columns: columns, columnNames: names,
      source: reader.source)
    table.firstLine = firstLine
    return table
  }

  /// The first line that is not blank: a header or a row.
  private mutating func parseFirst(_ line: Int) throws(DataError) {
    var texts: [String] = []
    var numbers: [Float?] = []
    var ending = CSVCells.Ending.comma
    while ending == .comma {
      ending = try cells.next()
      numbers.append(cells.withCell { parseNumber($0) })
      texts.append(cells.withCell { trimmed($0) })
      if texts.count > Self.mostColumns {
        throw DataError(
          .shape, reader.source, "line \(line) has more than \(Self.mostColumns) cells; is this a CSV file?")
      }
    }
    if texts.count == 1, texts[0].isEmpty {
      blankLine = blankLine ?? line
      return
    }
    try rejectBlankBefore(line)
    (columns, modelLine) = (texts.count, line)
    if numbers.allSatisfy({ $0 == nil }), texts.contains(where: { !$0.isEmpty }) {
      names = texts
      return
    }
    if let column = numbers.firstIndex(where: { $0 == nil }) {
      throw notNumber(
        texts[column], line, column, "; the first line is a header only where none of its cells is a number")
    }
    if let column = numbers.indices.first(where: { isTooLarge(numbers[$0] ?? 0, texts[$0]) }) {
      throw tooLarge(texts[column], line, column)
    }
    addRow(line)
    values = numbers.compactMap { $0 }
  }

  private mutating func parseRow(_ line: Int) throws(DataError) {
    var column = 0
    var ending = CSVCells.Ending.comma
    while ending == .comma {
      ending = try cells.next()
      if let number = cells.withCell({ parseNumber($0) }) {
        if column == 0, blankLine != nil { try rejectBlankBefore(line) }
        if column < columns {
          if number.isInfinite {
            let text = cells.withCell { trimmed($0) }
            if isTooLarge(number, text) { throw tooLarge(text, line, column) }
          }
          values.append(number)
        }
      } else {
        let text = cells.withCell { trimmed($0) }
        if column == 0, text.isEmpty, ending != .comma {
          blankLine = blankLine ?? line
          return
        }
        try rejectBlankBefore(line)
        if column < columns { throw notNumber(text, line, column) }
      }
      column += 1
    }
    guard column == columns else {
      throw DataError(
        .shape, reader.source,
        "line \(line) has \(counted(column, "cell")), line \(modelLine) has \(columns); every line must have as many")
    }
    addRow(line)
  }

  private mutating func addRow(_ line: Int) {
    if rows == 0 { firstLine = line }
    rows += 1
  }

  /// Takes the memory for all rows at once, where the size of the file tells how many about there are.
  private mutating func reserve() {
    guard let size = reader.storedSize, !reader.isCompressed, cells.used > 0 else { return }
    let share = Double(size) / Double(cells.used)
    values.reserveCapacity(Int(Double(values.count) * share * 1.02))
  }

  private func rejectBlankBefore(_ line: Int) throws(DataError) {
    guard let blankLine else { return }
    throw DataError(.malformed, reader.source, "line \(blankLine) is empty; only the last lines may be")
  }

  /// Whether `text`, read as `number`, is a finite number of which float32 makes an infinity.
  private func isTooLarge(_ number: Float, _ text: String) -> Bool {
    number.isInfinite && text.utf8.contains { $0 &- 0x30 < 10 }
  }

  private func tooLarge(_ text: String, _ line: Int, _ column: Int) -> DataError {
    DataError(
      .value, reader.source,
      "\(place(line, column)): \(quoted(text)) is beyond float32, which ends at \(Float.greatestFiniteMagnitude)")
  }

  private func place(_ line: Int, _ column: Int) -> String {
    "line \(line), column \(column + 1)" + (names.map { " (" + quoted($0[column]) + ")" } ?? "")
  }

  private func notNumber(_ text: String, _ line: Int, _ column: Int, _ rule: String = "") -> DataError {
    let place = place(line, column)
    if text.isEmpty {
      return DataError(.value, reader.source, "\(place): the cell is empty; a number is needed\(rule)")
    }
    let separated = text.contains(";") || text.contains("\t") ? " (cells are separated by commas)" : ""
    return DataError(.value, reader.source, "\(place): \(quoted(text)) is not a number\(separated)\(rule)")
  }
}

private func trimmed(_ cell: UnsafeBufferPointer<UInt8>) -> String {
  var (start, end) = (0, cell.count)
  while start < end, isBlank(cell[start]) { start += 1 }
  while end > start, isBlank(cell[end - 1]) { end -= 1 }
  return String(decoding: cell[start..<end], as: UTF8.self)
}
