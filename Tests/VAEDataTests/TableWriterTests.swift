import Testing
import VAEData

@Suite struct TableWriterTests {
  let scratch: Scratch
  private let values: [Float] = [
    0, -0.0, 1, 0.1, Float.leastNonzeroMagnitude, 3.4028235e38, -1.5, 16_777_216, 12_345_678, 1 / 3, 255, 1e7,
  ]

  init() throws { scratch = try Scratch() }

  @Test(arguments: ["a.npy", "a.csv", "a.idx"]) func floatsRoundTrip(name: String) throws {
    let path = scratch.path + "/" + name
    let table = try DataTable(values: .floats(values), rows: 3, columns: 4)
    try table.write(to: path)
    let back = try DataTable.read(path)
    #expect((back.rows, back.columns) == (3, 4))
    #expect(floats(back).map(\.bitPattern) == values.map(\.bitPattern))
    #expect(try scratch.names == [name])
  }

  @Test(arguments: ["a.npy", "a-idx3-ubyte"]) func bytesRoundTrip(name: String) throws {
    let path = scratch.path + "/" + name
    let geometry = ImageGeometry(height: 2, width: 3)
    let table = try DataTable(
      values: .bytes([UInt8](244...255), scale: ValueScale.byteToUnit), rows: 2, columns: 6, geometry: geometry)
    try table.write(to: path)
    let back = try DataTable.read(path)
    #expect(back.values == table.values)
    #expect(back.geometry == geometry)
  }

  @Test func bytesAsCSVAreTheirValues() throws {
    let path = scratch.path + "/a.csv"
    let table = try DataTable(values: .bytes([0, 255, 1, 0], scale: ValueScale.byteToUnit), rows: 2, columns: 2)
    try table.write(to: path)
    #expect(String(decoding: try bytes(ofFile: path), as: UTF8.self) == "0,1\n0.003921569,0\n")
    #expect(floats(try DataTable.read(path)) == floats(table))
  }

  @Test func npyIsByteForByteWhatNumPyWrites() throws {
    let path = scratch.path + "/a.npy"
    let table = try DataTable(values: .floats((0..<12).map { Float($0) / 4 }), rows: 3, columns: 4)
    try table.write(to: path)
    #expect(try bytes(ofFile: path) == bytes(ofFile: fixture("npy_f4_c.npy")))
    let flags = try DataTable(values: .bytes([0, 1, 1, 1, 0, 0], scale: 1), rows: 2, columns: 3)
    try flags.write(to: path)
    #expect(try bytes(ofFile: path) == bytes(ofFile: fixture("npy_u1_zero_one.npy")))
  }

  @Test func idxBytes() throws {
    let path = scratch.path + "/a.idx"
    try DataTable(values: .floats([1]), rows: 1, columns: 1).write(to: path)
    #expect(try bytes(ofFile: path) == [0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0])
    let writer = try TableWriter(path: path, rows: 3, rowShape: [], element: .uint8)
    try writer.append(bytes: [7, 8, 9])
    try writer.finish()
    #expect(try bytes(ofFile: path) == [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])
  }

  @Test func csvHeader() throws {
    let path = scratch.path + "/a.csv"
    let names = ["plain", "with, comma", "with \"quotes\"", "two\nlines"]
    try DataTable(values: .floats([1, 2, 3, 4]), rows: 1, columns: 4, columnNames: names).write(to: path)
    let text = "plain,\"with, comma\",\"with \"\"quotes\"\"\",\"two\nlines\"\n1,2,3,4\n"
    #expect(String(decoding: try bytes(ofFile: path), as: UTF8.self) == text)
    #expect(try DataTable.read(path).columnNames == names)
    let number = "\"1e5\" cannot be the name of a column: a header has no numbers"
    for (names, text) in [(["a", "1e5"], number), (["", ""], "a header needs a name that is not empty")] {
      #expect(throws: DataError(.argument, path, text)) {
        try TableWriter(path: path, rows: 1, rowShape: [2], columnNames: names)
      }
    }
  }

  @Test func rowsArriveInPieces() throws {
    let path = scratch.path + "/a.npy"
    let writer = try TableWriter(path: path, rows: 70_000, rowShape: [2])
    for start in stride(from: 0, to: 70_000, by: 10_000) {
      try writer.append((start..<start + 10_000).flatMap { [Float($0), Float(-$0)] })
    }
    // Nothing is at the path before the end.
    #expect(try scratch.names != ["a.npy"])
    try writer.finish()
    #expect(try scratch.names == ["a.npy"])
    #expect(try DataTable.read(path).floats(rows: 69_999..<70_000) == [69_999, -69_999])
  }

  @Test func countsAreKept() throws {
    let path = try scratch.file("a.npy", "old")
    do {
      let writer = try TableWriter(path: path, rows: 2, rowShape: [2])
      try writer.append([1, 2])
      #expect(
        try message { try writer.append([3]) } == "1 value cannot be added: 2 of 4 are there, in rows of 2")
      #expect(try message { try writer.append(bytes: [3, 4]) } == "holds float32 values; uint8 values cannot be added")
      #expect(try message { try writer.append([1, 2, 3, 4]) }?.hasPrefix("4 values cannot be added") == true)
      #expect(try message { try writer.finish() } == "2 of 4 values were written")
    }
    #expect(try scratch.names == ["a.npy"])
    #expect(try bytes(ofFile: path) == Array("old".utf8))
  }

  @Test func unknownEnding() throws {
    let text = "the ending says nothing about the kind of file; allowed are .npy, .csv, .idx and ...ubyte"
    for path in ["a.txt", "a", "/tmp", "a.npy.gz"] {
      #expect(throws: DataError(.argument, path, text)) { try TableFormat(path: path) }
    }
    #expect(try TableFormat(path: "-") == .csv)
    #expect(try TableFormat(path: "/dev/null") == .csv)
    #expect(try TableFormat(path: "X.NPY") == .npy)
    #expect(try TableFormat(path: "digits-images-idx3-ubyte") == .idx)
  }

  @Test func fullDisk() throws {
    let table = try DataTable(values: .floats([1]), rows: 1, columns: 1)
    let path = scratch.fullDevice()
    #expect(throws: DataError(.unwritable, path, "cannot write: No space left on device")) {
      try table.write(to: path, format: .npy)
    }
  }
}
