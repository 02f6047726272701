import Testing

@testable import VAEData

@Suite struct CSVReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func read(_ text: String) throws -> DataTable { try DataTable.read(try scratch.file("a.csv", text)) }

  private func failure(_ text: String) throws -> String? { try message { try read(text) } }

  @Test func numbersWithoutHeader() throws {
    let table = try read("1,2.5,-3e-1\n4,+5,.5\n")
    #expect((table.rows, table.columns) == (2, 3))
    #expect(table.columnNames == nil)
    #expect(floats(table) == [1, 2.5, -0.3, 4, 5, 0.5])
  }

  @Test func header() throws {
    let table = try read("name,\"age, years\",\"say \"\"x\"\"\"\n1,2,3\n")
    #expect(table.columnNames == ["name", "age, years", "say \"x\""])
    #expect(floats(table) == [1, 2, 3])
    // One empty cell is what pandas writes above its index.
    #expect(try read(",a\n0,1\n").columnNames == ["", "a"])
  }

  @Test(arguments: ["\n", "\r\n", "\r"]) func lineEnds(end: String) throws {
    for tail in ["", end, end + end] {
      let table = try read("a,b" + end + "1,2" + end + "3,4" + tail)
      #expect((table.rows, table.columns) == (2, 2))
      #expect(floats(table) == [1, 2, 3, 4])
    }
    #expect(try failure("a,b\(end)1,2\(end)3,x\(end)") == "line 3, column 2 (\"b\"): \"x\" is not a number")
  }

  @Test func lineEndsAtTheEdgeOfTheWindow() throws {
    // The window is 1 MiB: move CRLF and a long cell over its edge, byte by byte.
    let row = "0.5,0.25\r\n"
    let rows = (1 << 20) / row.utf8.count
    for shift in 0..<12 {
      let text = String(repeating: " ", count: shift) + String(repeating: row, count: rows + 3)
      let table = try read(text)
      #expect((table.rows, table.columns) == (rows + 3, 2), "shift \(shift)")
      #expect(floats(table).reduce(0) { $0 + Double($1) } == 0.75 * Double(rows + 3), "shift \(shift)")
    }
  }

  @Test func byteOrderMarkQuotesAndBlanks() throws {
    #expect(try read("\u{feff}a,b\n1,2\n").columnNames == ["a", "b"])
    #expect(floats(try read("\u{feff}1,2\n")) == [1, 2])
    #expect(floats(try read("\"1\", 2 ,\t3\n\"4\" ,\"5\",6")) == [1, 2, 3, 4, 5, 6])
    #expect(try read("\"two\nlines\",b\n1,2\n").firstLine == 3)
  }

  @Test func compressed() throws {
    let path = try scratch.file("a.csv.gz", gzipped(Array("x\n1\n2\n".utf8)))
    #expect(floats(try DataTable.read(path)) == [1, 2])
  }

  @Test(arguments: [
    ("1,2\n3,x\n", "line 2, column 2: \"x\" is not a number"),
    ("a,age\n1,2\n3,\n", "line 3, column 2 (\"age\"): the cell is empty; a number is needed"),
    ("a,b\n,1\n", "line 2, column 1 (\"a\"): the cell is empty; a number is needed"),
    ("1,2\n3,0x10\n", "line 2, column 2: \"0x10\" is not a number"),
    ("a\n1;2\n", "line 2, column 1 (\"a\"): \"1;2\" is not a number (cells are separated by commas)"),
    ("a,b\n1,2\n3\n", "line 3 has 1 cell, line 1 has 2; every line must have as many"),
    ("1,2\n3,4,5\n", "line 2 has 3 cells, line 1 has 2; every line must have as many"),
    ("1\n\n2\n", "line 2 is empty; only the last lines may be"),
    ("\n1\n", "line 1 is empty; only the last lines may be"),
    ("a,b\n", "has a header and no rows; at least one row of numbers is needed"),
    ("\n\n", "holds only blank lines; at least one row of numbers is needed"),
    ("1,\"2\n", "line 1: a quoted cell has no closing quote"),
    ("1,\"2\"3\n", "line 1: a quoted cell goes on after its closing quote"),
    (
      "a,1\n2,3\n",
      "line 1, column 1: \"a\" is not a number; the first line is a header only where none of its cells is a number"
    ),
    (
      ",,\n1,2,3\n",
      "line 1, column 1: the cell is empty; a number is needed; the first line is a header only where none of its "
        + "cells is a number"
    ),
    ("1\na\u{1}\rb\n", "line 2, column 1: \"a\\x01\" is not a number"),
  ])
  func badText(text: String, expected: String) throws {
    #expect(try failure(text) == expected)
  }

  @Test func notTextAtAll() throws {
    let wide = try scratch.file("wide.csv", [0xff, 0xfe, 0x31, 0x00])
    #expect(throws: DataError(.malformed, wide, "is UTF-16 text; save it as UTF-8")) { try DataTable.read(wide) }
    let wideRow = try scratch.file("row.csv.gz", gzipped([UInt8](repeating: 0x2c, count: 5_000_000)))
    let cells = "line 1 has more than 1000000 cells; is this a CSV file?"
    #expect(throws: DataError(.shape, wideRow, cells)) { try DataTable.read(wideRow) }
    let long = try scratch.file("long.csv.gz", gzipped([UInt8](repeating: 0x31, count: 5_000_000)))
    let text = "line 1: a cell is longer than 1048576 bytes; is this a CSV file?"
    #expect(throws: DataError(.malformed, long, text)) { try DataTable.read(long) }
  }

  @Test func notFiniteIsReadAndReported() throws {
    let table = try read("a,b\n1,2\n3,NaN\n-inf,inf\n")
    #expect(table.floats(rows: 2..<3) == [-.infinity, .infinity])
    #expect(
      try message { try table.check() }
        == "line 3, column 2 (\"b\"): nan is not finite; only finite numbers are allowed")
  }

  @Test func numberBeyondFloat32() throws {
    for (text, place) in [("1,1e99\n", "line 1, column 2"), ("a,b\n1,2\n3,1e99\n", "line 3, column 2 (\"b\")")] {
      #expect(
        try message { _ = try read(text) } == "\(place): \"1e99\" is beyond float32, which ends at 3.4028235e+38")
    }
  }

  @Test(arguments: [
    "0", "1", "-1", "0.1", "1e-3", "1E+3", "123456.789", "16777217", "3.4028235e38", "1.17549435e-38", "1e-45", "7e-46",
    "0.000000000000000000000000000000000000001", "123456789012345678901234567890", "9007199254740993",
    "5.960464477539063e-8",
    "1.00000005960464477539063", "1.000000059604644775390625", "1.00000005960464477539062", "4194304.25", "8388608.5",
    "8388609.5",
    "0.3", "1e22", "1e23", "-0.0", "00012.50", "1.", ".5e1", "2.5e-0005",
  ])
  func everyNumberIsTheNearestFloat(text: String) throws {
    let value = try #require(parseNumber(Array(text.utf8)))
    let expected = try #require(Float(text.hasSuffix(".") ? text + "0" : text.hasPrefix(".") ? "0" + text : text))
    #expect(value.bitPattern == expected.bitPattern)
  }

  @Test func randomNumbersRoundTrip() throws {
    var state = SplitMix64(state: 3)
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: state.next()))
      guard value.isFinite else { continue }
      #expect(parseNumber(Array(value.description.utf8)) == value)
      // Longer texts, near the half way points between floats.
      let long = "\((Double(value) + Double(value.nextUp)) / 2)"
      #expect(parseNumber(Array(long.utf8)) == Float(long), "\(long)")
    }
  }

  @Test(arguments: [
    "", " ", "-", ".", "1e", "e5", "1.2.3", "1 2", "--1", "0x1", "1_000", "1,", "nanx", "in", "1e+", "½", "-.e1",
  ])
  func notANumber(text: String) {
    #expect(parseNumber(Array(text.utf8)) == nil)
  }

  @Test func words() {
    #expect(parseNumber(Array("NaN".utf8))?.isNaN == true)
    #expect(parseNumber(Array("-Infinity".utf8)) == -.infinity)
    #expect(parseNumber(Array(" +INF ".utf8)) == .infinity)
  }
}
