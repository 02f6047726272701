import Testing
import VAEData

@Suite struct DigitsTests {
  @Test func allOfThem() throws {
    let table = try DataTable.digits()
    #expect((table.rows, table.columns) == (10_000, 784))
    #expect(table.geometry == ImageGeometry(height: 28, width: 28))
    #expect(table.source == "digits")
    #expect(try #require(table.labels).prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    // How often each digit occurs among the first 10,000 of the MNIST training set.
    let counts = (0..<10).map { digit in table.labels?.count { $0 == digit } }
    #expect(counts == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978])
    guard case .bytes(let bytes, let scale) = table.values else {
      Issue.record("the digits are bytes")
      return
    }
    #expect(scale == Float(1) / 255)
    #expect(255 * scale == 1)
    #expect(bytes.count == 7_840_000)
    #expect(bytes.reduce(0) { $0 + Int($1) } == 262_146_600)
    try table.check(in: 0...1, for: "the Bernoulli likelihood")
  }

  @Test func partsAreCutInOrder() throws {
    let all = try DataTable.read("digits", options: ReadOptions(digits: .all))
    let train = try DataTable.read("digits:train")
    let test = try DataTable.read("digits:test")
    #expect((train.rows, test.rows) == (9000, 1000))
    #expect(train.floats(rows: 8999..<9000) == all.floats(rows: 8999..<9000))
    #expect(test.floats(rows: 0..<1) == all.floats(rows: 9000..<9001))
    #expect(train.labels.map { $0 + (test.labels ?? []) } == all.labels)
    #expect(test.place(row: 0, column: 0) == "row 1, column 1 (counted from 1)")
    #expect(try DataTable.readLabels("digits:test") == test.labels)
  }

  @Test func plainNameIsTheCallersChoice() throws {
    #expect(try DataTable.read("digits", options: ReadOptions(digits: .train)).source == "digits:train")
    #expect(try DataTable.read("digits").source == "digits:test")
    #expect(try DataTable.read("digits:train", options: ReadOptions(digits: .test)).rows == 9000)
  }

  @Test func otherPartsAreRefused() throws {
    let text = "is no part of the bundled data; allowed are digits, digits:train and digits:test"
    #expect(throws: DataError(.argument, "digits:valid", text)) { try DataTable.read("digits:valid") }
  }

  @Test func scaleOfOne() throws {
    let table = try DataTable.digits(.test, scale: .factor(1))
    #expect(table.floats(rows: 0..<table.rows).max() == 255)
  }
}
