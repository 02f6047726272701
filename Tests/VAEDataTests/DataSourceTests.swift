import Foundation
import Testing
import VAEData

/// What is no data set at all: missing files, folders, unknown kinds.
@Suite struct DataSourceTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func missingFile() throws {
    let path = scratch.path + "/none.npy"
    let error = DataError(.unreadable, path, "cannot be read: No such file or directory")
    #expect(throws: error) { try DataTable.read(path) }
    #expect(error.description == "\(path): cannot be read: No such file or directory")
    #expect(throws: DataError.self) { try DataTable.read("") }
  }

  @Test func folder() throws {
    let error = DataError(.unreadable, scratch.path, "is a folder; allowed is a file")
    #expect(throws: error) { try DataTable.read(scratch.path) }
  }

  @Test(arguments: ["a.npy", "a.csv", "a-idx3-ubyte", "a.csv.gz"]) func emptyFile(name: String) throws {
    let path = try scratch.file(name, "")
    #expect(throws: DataError(.malformed, path, "the file is empty")) { try DataTable.read(path) }
    let inflated = try scratch.file(name, gzipped([]))
    #expect(throws: DataError(.malformed, path, "the file is empty once it is inflated")) {
      try DataTable.read(inflated)
    }
  }

  @Test func unknownKind() throws {
    let text = "is of an unknown kind (it begins with 25 50 44 46); allowed are IDX, .npy and .csv, also as .gz"
    let path = try scratch.file("paper", "%PDF-1.7")
    #expect(throws: DataError(.malformed, path, text)) { try DataTable.read(path) }
    let compressed = try scratch.file("paper.gz", gzipped(Array("%PDF-1.7".utf8)))
    #expect(throws: DataError(.malformed, compressed, text)) { try DataTable.read(compressed) }
    let one = try scratch.file("one", "x")
    #expect(try message { try DataTable.read(one) }?.contains("it begins with 78)") == true)
  }

  @Test func contentDecidesBeforeTheEnding() throws {
    let path = try scratch.file("wrong.csv", try bytes(ofFile: fixture("npy_f4_c.npy")))
    #expect(try DataTable.read(path).rows == 3)
    let upper = try scratch.file("TABLE.CSV", "1\n")
    #expect(try DataTable.read(upper).rows == 1)
  }

  @Test func pipesHoldCSV() throws {
    let path = scratch.path + "/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let writer = Thread {
      let file = open(path, O_WRONLY)
      _ = "a,b\n1,2\n".utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
      close(file)
    }
    writer.start()
    let table = try DataTable.read(path)
    #expect(floats(table) == [1, 2])
    #expect(table.columnNames == ["a", "b"])
  }

  @Test func messagesStayOnOneLine() throws {
    let error = try #require(throws: DataError.self) { try DataTable.read("no\nsuch\u{1b}[2Jfile") }
    #expect(error.description == "no\\nsuch\\x1b[2Jfile: cannot be read: No such file or directory")
  }

  @Test func noPermission() throws {
    // root reads everything.
    guard geteuid() != 0 else { return }
    let path = try scratch.file("secret.csv", "1\n")
    chmod(path, 0)
    #expect(throws: DataError(.unreadable, path, "cannot be read: Permission denied")) { try DataTable.read(path) }
  }
}
