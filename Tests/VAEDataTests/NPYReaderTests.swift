import Testing
import VAEData

@Suite struct NPYReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) / 4 } }

  @Test(arguments: [
    ("npy_f4_c.npy", 3, 4), ("npy_f8_big_fortran.npy", 3, 4), ("npy_f4_big_c.npy", 2, 12),
    ("npy_f8_fortran_4d.npy", 2, 60),
    ("npy_v2.npy", 2, 2), ("npy_v3.npy", 2, 2),
  ])
  func numpyWroteIt(name: String, rows: Int, columns: Int) throws {
    let table = try DataTable.read(fixture(name))
    #expect((table.rows, table.columns) == (rows, columns))
    #expect(floats(table) == ramp(rows * columns))
  }

  @Test func gzippedArray() throws {
    let path = try scratch.file("a.npy.gz", gzipped(try bytes(ofFile: fixture("npy_f8_fortran_4d.npy"))))
    #expect(floats(try DataTable.read(path)) == ramp(120))
  }

  @Test func bytesAndTheirScale() throws {
    let path = fixture("npy_u1_fortran_3d.npy")
    let table = try DataTable.read(path, options: ReadOptions(unitInterval: true))
    #expect(table.values == .bytes([UInt8](0..<24), scale: 1 / 255))
    #expect(table.geometry == ImageGeometry(height: 3, width: 4))
    let whole = try DataTable.read(path, options: ReadOptions(unitInterval: false))
    #expect(whole.values == .bytes([UInt8](0..<24), scale: 1))
    let forced = try DataTable.read(path, options: ReadOptions(scale: .factor(1), unitInterval: true))
    #expect(forced.values == .bytes([UInt8](0..<24), scale: 1))
    let flags = try DataTable.read(fixture("npy_u1_zero_one.npy"), options: ReadOptions(unitInterval: true))
    #expect(flags.values == .bytes([0, 1, 1, 1, 0, 0], scale: 1))
    #expect(floats(try DataTable.read(fixture("npy_bool.npy"))) == [1, 0, 0, 1])
  }

  @Test func oneDimensionAndLabels() throws {
    let table = try DataTable.read(fixture("npy_i8_1d.npy"))
    #expect((table.rows, table.columns) == (3, 1))
    #expect(try DataTable.readLabels(fixture("npy_i8_1d.npy")) == [7, -3, 0])
    let path = fixture("npy_f4_c.npy")
    #expect(throws: DataError(.shape, path, "has 4 columns; labels are one column of whole numbers")) {
      try DataTable.readLabels(path)
    }
    let text = try scratch.file("l.csv", "label\n1\n2.5\n")
    #expect(
      throws: DataError(.value, text, "line 3, column 1 (\"label\"): 2.5 is not a label; allowed are whole numbers")
    ) { try DataTable.readLabels(text) }
  }

  @Test func longFortranColumns() throws {
    // More rows than one piece of the reader holds.
    let rows = 70_000
    let body = (0..<2 * rows).flatMap { littleEndian(Float($0).bitPattern) }
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (\(rows), 2), }"
    let table = try DataTable.read(try scratch.file("long.npy", npy(header, body)))
    #expect(table.floats(rows: 0..<1) == [0, Float(rows)])
    #expect(table.floats(rows: rows - 1..<rows) == [Float(rows - 1), Float(2 * rows - 1)])
    #expect(table.floats(rows: 65_536..<65_537) == [65_536, Float(rows + 65_536)])
  }

  @Test(arguments: [
    ("npy_record.npy", "the .npy header describes records with several fields; allowed is one number type"),
    ("npy_object.npy", "holds values of the type \"|O\"; allowed are float32, float64, uint8 and integers"),
    ("npy_complex.npy", "holds values of the type \"<c8\"; allowed are float32, float64, uint8 and integers"),
    ("npy_scalar.npy", "has 0 dimensions; allowed are 1 to 4"),
    ("npy_5d.npy", "has 5 dimensions; allowed are 1 to 4"),
    ("npy_no_rows.npy", "has no rows (shape [0, 4]); at least one is needed"),
    ("npy_no_columns.npy", "has no columns (shape [4, 0]); at least one is needed"),
  ])
  func arraysThatAreNoData(name: String, expected: String) throws {
    #expect(try message { try DataTable.read(fixture(name)) } == expected)
  }

  @Test(arguments: [
    ("", "is damaged: \"{\" is missing at its byte 1"),
    ("{'descr': '<f4', 'fortran_order': False}", "has no key \"shape\""),
    ("{'descr': '<f4', 'descr': '<f4'}", "has the key \"descr\" twice"),
    ("{'evil': 1}", "has the unknown key \"evil\"; allowed are descr, fortran_order and shape"),
    ("{'descr': '<f4}", "is damaged: a quoted text has no end"),
    ("{'descr': 4}", "is damaged: a quoted text is missing at its byte 10"),
    ("{'fortran_order': Maybe}", "has no True or False for fortran_order"),
    ("{'shape': (2, -3)}", "has a shape with something else than whole numbers of 0 or more"),
    ("{'shape': (2, ", "is damaged: the shape has no end"),
    ("{'shape': [2]}", "is damaged: \"(\" is missing at its byte 10"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } import os", "goes on after its closing brace"),
  ])
  func hostileHeaders(header: String, expected: String) throws {
    let path = try scratch.file("a.npy", npy(header))
    #expect(try message { try DataTable.read(path) } == "the .npy header " + expected)
  }

  @Test func hostileSizes() throws {
    func text(_ shape: String) -> String { "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }" }
    func read(_ content: [UInt8]) throws -> String? {
      let path = try scratch.file("a.npy", content)
      return try message { try DataTable.read(path) }
    }
    #expect(
      try read(npy(text("(4294967296, 4294967296)")))
        == "the header gives the shape [4294967296, 4294967296], more than any memory holds")
    #expect(
      try read(npy(text("(99999999999999999999,)")))
        == "the header gives a size of 99999999999999999999, more than any memory holds")
    #expect(
      try read(npy(text("(1000000000000,)"), [1]))
        == "is truncated: the header promises 4000000000000 bytes of values, the file holds 1")
    #expect(
      try read(npy(text("(1,)"), [1, 2, 3, 4], version: [4, 0]))
        == "is of .npy version 4.0; allowed are 1.0, 2.0 and 3.0")
    var long = npy(text("(1,)"), version: [2, 0])
    long.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0xff])
    #expect(try read(long) == "announces a .npy header of 4294967295 bytes; allowed are 65536")
    #expect(
      try read(npy(text("(1,)"), [0, 0, 0, 0, 9]))
        == "has more bytes after the array that the .npy header announces; the file must end there")
    #expect(
      try read(Array("NUMPY file".utf8)) == "begins with 4e 55 4d 50 59 20, not with the .npy magic 93 4e 55 4d 50 59")
  }

  @Test func everyTruncationIsAnError() throws {
    for name in ["npy_f4_c.npy", "npy_u1_fortran_3d.npy", "npy_f8_big_fortran.npy"] {
      let content = try bytes(ofFile: fixture(name))
      for length in 1..<content.count {
        let path = try scratch.file("cut.npy", Array(content[..<length]))
        #expect(throws: DataError.self, "\(name) cut to \(length) bytes") { try DataTable.read(path) }
      }
    }
  }
}
