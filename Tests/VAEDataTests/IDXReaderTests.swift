import Testing

@testable import VAEData

@Suite struct IDXReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: [false, true]) func imagesAreDividedBy255(compressed: Bool) throws {
    let content = idx(8, [2, 2, 3], [0, 255, 51, 102, 1, 2, 3, 4, 5, 6, 7, 254])
    let path = try scratch.file("images", compressed ? gzipped(content) : content)
    let table = try DataTable.read(path, options: ReadOptions(unitInterval: false))
    #expect(table.rows == 2)
    #expect(table.columns == 6)
    #expect(table.geometry == ImageGeometry(height: 2, width: 3))
    #expect(table.values == .bytes([0, 255, 51, 102, 1, 2, 3, 4, 5, 6, 7, 254], scale: 1 / 255))
    #expect(table.floats(rows: 0..<1).prefix(2) == [0, 1])
    #expect(table.source == path)
  }

  @Test func scaleCanBeGiven() throws {
    let path = try scratch.file("a", idx(8, [1, 2], [3, 200]))
    #expect(floats(try DataTable.read(path, options: ReadOptions(scale: .factor(1)))) == [3, 200])
    #expect(floats(try DataTable.read(path, options: ReadOptions(scale: .factor(0.5)))) == [1.5, 100])
    let words = try scratch.file("b", idx(0x0c, [1, 1], bigEndian(Int32(-6))))
    #expect(floats(try DataTable.read(words, options: ReadOptions(scale: .factor(0.5)))) == [-3])
    #expect(throws: DataError(.argument, path, "the scale is -1.0; allowed is a finite number above 0")) {
      try DataTable.read(path, options: ReadOptions(scale: .factor(-1)))
    }
  }

  @Test func everyDimensionCountFromOne() throws {
    let one = try DataTable.read(try scratch.file("one", idx(8, [3], [1, 2, 3])))
    #expect((one.rows, one.columns) == (3, 1))
    #expect(one.geometry == nil)
    let colour = try DataTable.read(try scratch.file("rgb", idx(8, [1, 2, 2, 3], [UInt8](0..<12))))
    #expect(colour.geometry == ImageGeometry(height: 2, width: 2, channels: 3))
    let planes = try DataTable.read(try scratch.file("planes", idx(8, [1, 3, 2, 2], [UInt8](0..<12))))
    #expect(planes.geometry == ImageGeometry(height: 2, width: 2, channels: 3, channelsFirst: true))
    let five = try DataTable.read(try scratch.file("five", idx(8, [2, 1, 2, 1, 2], [UInt8](0..<8))))
    #expect((five.rows, five.columns) == (2, 4))
  }

  @Test func otherTypes() throws {
    func read(_ type: UInt8, _ body: [UInt8]) throws -> [Float] {
      floats(try DataTable.read(try scratch.file("t\(type)", idx(type, [2, 1], body))))
    }
    #expect(try read(0x09, [0xff, 2]) == [-1, 2])
    #expect(try read(0x0b, bigEndian(Int16(-300)) + bigEndian(Int16(7))) == [-300, 7])
    #expect(try read(0x0c, bigEndian(Int32(70000)) + bigEndian(Int32(-1))) == [70000, -1])
    #expect(try read(0x0d, bigEndian(Float(0.1).bitPattern) + bigEndian(Float(-2).bitPattern)) == [0.1, -2])
    #expect(try read(0x0e, bigEndian(0.25.bitPattern) + bigEndian((-1e10).bitPattern)) == [0.25, -1e10])
  }

  @Test func truncation() throws {
    let content = idx(8, [2, 2, 3], [UInt8](0..<12))
    // Every shorter file is an error, whichever part is cut.
    for length in 1..<content.count {
      let path = try scratch.file("short-idx3-ubyte", Array(content[..<length]))
      #expect(throws: DataError.self, "\(length) bytes") { try DataTable.read(path) }
    }
    let path = try scratch.file("short-idx3-ubyte", Array(content.dropLast()))
    let plain = "is truncated: the header promises 12 bytes of values, the file holds 11"
    #expect(throws: DataError(.malformed, path, plain)) { try DataTable.read(path) }
    let inside = try scratch.file("inside-ubyte.gz", gzipped(Array(content.dropLast())))
    let inflated = "is truncated: the array of 2 x 6 bytes needs 12 bytes, found 11"
    #expect(throws: DataError(.malformed, inside, inflated)) { try DataTable.read(inside) }
  }

  @Test func truncatedOrDamagedGzip() throws {
    var generator = SplitMix64(state: 1)
    let noise = (0..<5000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let content = gzipped(idx(8, [50, 100], noise))
    for length in [3, 10, 20, content.count / 2, content.count - 8, content.count - 1] {
      let path = try scratch.file("cut.gz", Array(content[..<length]))
      let cut = DataError(.malformed, path, "the gzip data end too early: the file is truncated")
      #expect(throws: cut, "\(length) bytes") { try DataTable.read(path) }
    }
    var wrongSum = content
    wrongSum[content.count - 8] ^= 1
    let path = try scratch.file("sum.gz", wrongSum)
    #expect(throws: DataError(.malformed, path, "the gzip data are damaged: incorrect data check")) {
      try DataTable.read(path)
    }
    let tail = try scratch.file("tail.gz", content + [1, 2, 3])
    let after = "the gzip data are damaged after a complete gzip member: incorrect header check"
    #expect(throws: DataError(.malformed, tail, after)) { try DataTable.read(tail) }
  }

  @Test func gzipOfSeveralMembers() throws {
    let content = idx(8, [2, 3], [1, 2, 3, 4, 5, 6])
    let path = try scratch.file("two.gz", gzipped(Array(content[..<9])) + gzipped(Array(content[9...])))
    #expect(try DataTable.read(path).values == .bytes([1, 2, 3, 4, 5, 6], scale: 1 / 255))
  }

  @Test(arguments: [false, true]) func trailingBytes(compressed: Bool) throws {
    let content = idx(8, [1, 2], [1, 2, 3])
    let path = try scratch.file("a", compressed ? gzipped(content) : content)
    let text = "has more bytes after the values that the IDX header announces; the file must end there"
    #expect(throws: DataError(.malformed, path, text)) { try DataTable.read(path) }
  }

  @Test func sizesPastAllMemory() throws {
    let most = UInt32.max
    let path = try scratch.file("huge", idx(8, [most, most, most], [1]))
    #expect(
      try message { try DataTable.read(path) }
        == "the header gives the shape [4294967295, 4294967295, 4294967295], more than any memory holds")
    let large = try scratch.file("large", idx(8, [1 << 20, 1 << 20], [1]))
    #expect(
      try message { try DataTable.read(large) }
        == "is truncated: the header promises 1099511627776 bytes of values, the file holds 1")
    // The bound for compressed files: nothing of this size can come out of so few bytes.
    let packed = gzipped(idx(8, [1 << 20, 1 << 20], [1]))
    let bomb = try scratch.file("bomb.gz", packed)
    let most1032 = "the file cannot hold more than \(packed.count * 1032)"
    #expect(
      try message { try DataTable.read(bomb) }
        == "is truncated: the header promises 1099511627776 bytes of values, " + most1032)
  }

  @Test func bombStopsAtTheAnnouncedSize() throws {
    // 50 MB of zeros behind a header that announces 4 bytes: the reader must stop right there.
    let path = try scratch.file("bomb.gz", gzipped(idx(8, [2, 2], [UInt8](repeating: 0, count: 50_000_000))))
    let text = "has more bytes after the values that the IDX header announces; the file must end there"
    #expect(throws: DataError(.malformed, path, text)) { try DataTable.read(path) }
  }

  @Test func noRowsAndNoColumns() throws {
    let rows = try scratch.file("rows", idx(8, [0, 3], []))
    #expect(throws: DataError(.shape, rows, "has no rows (shape [0, 3]); at least one is needed")) {
      try DataTable.read(rows)
    }
    let columns = try scratch.file("columns", idx(8, [3, 0, 2], []))
    #expect(throws: DataError(.shape, columns, "has no columns (shape [3, 0, 2]); at least one is needed")) {
      try DataTable.read(columns)
    }
  }

  @Test func wrongMagic() throws {
    let path = try scratch.file("images-idx3-ubyte", [0, 0, 7, 3, 0, 0, 0, 1])
    #expect(
      try message { try DataTable.read(path) }
        == "begins with 00 00 07 03, not with the IDX magic: 00 00, a type (08 09 0b 0c 0d 0e), 01 or more dimensions")
  }
}
