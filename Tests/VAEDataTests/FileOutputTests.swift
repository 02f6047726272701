import Foundation
import Testing
import VAEFiles

@Suite struct FileOutputTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func text(_ path: String) throws -> String { String(decoding: try bytes(ofFile: path), as: UTF8.self) }

  private func mode(_ path: String) -> mode_t {
    var info = stat()
    return stat(path, &info) == 0 ? info.st_mode & 0o7777 : 0
  }

  @Test func newFileAppearsAtTheEnd() throws {
    let path = scratch.path + "/a"
    let output = try FileOutput(path)
    try output.write("one ")
    try output.write([UInt8](repeating: 0x78, count: 200_000))
    #expect(!FileManager.default.fileExists(atPath: path))
    try output.commit()
    #expect(try bytes(ofFile: path).count == 200_004)
    #expect(try scratch.names == ["a"])
    #expect(throws: FileError(path: path, message: "is already closed")) { try output.write("more") }
    #expect(throws: FileError(path: path, message: "is already closed")) { try output.commit() }
  }

  @Test func modeOfANewFileFollowsTheMask() throws {
    let path = scratch.path + "/a"
    try FileOutput.write("x", to: path)
    let other = scratch.path + "/b"
    close(open(other, O_WRONLY | O_CREAT, 0o666))
    #expect(mode(path) == mode(other))
  }

  @Test func replacingKeepsTheMode() throws {
    let path = try scratch.file("a", "old")
    chmod(path, 0o640)
    try FileOutput.write("new", to: path)
    #expect(try text(path) == "new")
    #expect(mode(path) == 0o640)
  }

  @Test func withoutCommitNothingHappens() throws {
    let path = try scratch.file("a", "old")
    do {
      let output = try FileOutput(path)
      try output.write([UInt8](repeating: 0, count: 300_000))
    }
    try FileOutput(scratch.path + "/b").discard()
    #expect(try text(path) == "old")
    #expect(try scratch.names == ["a"])
  }

  @Test func linkStaysALink() throws {
    let folder = scratch.path + "/real"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let link = scratch.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real/file")
    // First the link leads nowhere, then to a file.
    for content in ["one", "two"] {
      try FileOutput.write(content, to: link)
      #expect(try text(folder + "/file") == content)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real/file")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    let loop = scratch.path + "/loop"
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: "loop")
    #expect(throws: FileError.self) { try FileOutput(loop) }
  }

  @Test func placesThatCannotBeWritten() throws {
    let missing = scratch.path + "/none/a"
    #expect(throws: FileError(path: missing, message: "the folder \(scratch.path)/none does not exist")) {
      try FileOutput(missing)
    }
    #expect(throws: FileError(path: scratch.path, message: "is a folder, not a file")) { try FileOutput(scratch.path) }
    let slash = scratch.path + "/"
    #expect(throws: FileError(path: slash, message: "names a folder (it ends with a slash); give the name of a file")) {
      try FileOutput(slash)
    }
    let file = try scratch.file("file", "x")
    let inside = "cannot write into the folder \(file): Not a directory"
    #expect(throws: FileError(path: file + "/a", message: inside)) { try FileOutput(file + "/a") }
    #expect(throws: FileError(path: "\"\"", message: "is not the name of a file")) { try FileOutput("") }
    let long = scratch.path + "/" + String(repeating: "x", count: 300)
    #expect(throws: FileError(path: long, message: "cannot be opened: File name too long")) { try FileOutput(long) }
    // A folder of the system in which not even root can make a file.
    let system = "/proc/self/a"
    #expect(throws: FileError.self) { try FileOutput(system) }
    #expect(try scratch.names == ["file"])
  }

  @Test func permissions() throws {
    // root may write everywhere.
    guard geteuid() != 0 else { return }
    let path = try scratch.file("a", "old")
    chmod(path, 0o444)
    #expect(throws: FileError(path: path, message: "cannot be written: Permission denied")) { try FileOutput(path) }
    chmod(scratch.path, 0o555)
    let other = scratch.path + "/b"
    let text = "cannot make a file in the folder \(scratch.path): Permission denied"
    #expect(throws: FileError(path: other, message: text)) { try FileOutput(other) }
    chmod(scratch.path, 0o755)
  }

  @Test func fullDeviceStaysADevice() throws {
    let path = scratch.fullDevice()
    var before = stat()
    stat(path, &before)
    #expect(throws: FileError(path: path, message: "cannot write: No space left on device")) {
      try FileOutput.write("x", to: path)
    }
    var after = stat()
    stat(path, &after)
    #expect(after.st_mode & S_IFMT == S_IFCHR)
    #expect(before.st_ino == after.st_ino)
  }

  @Test func pipe() throws {
    let path = scratch.path + "/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try FileOutput.write("through", to: path)
    var received = [UInt8](repeating: 0, count: 100)
    let count = read(reader, &received, 100)
    #expect(String(decoding: received[..<max(count, 0)], as: UTF8.self) == "through")
    #expect(try scratch.names == ["pipe"])
  }

  @Test func fullDiskLeavesTheOldFile() async throws {
    let path = try scratch.file("a", "old")
    // In a process of its own: the limit holds for every file of a process.
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      precondition(setrlimit(__rlimit_resource_t(1), &limit) == 0)
      do {
        try FileOutput.write([UInt8](repeating: 1, count: 200_000), to: path)
        exit(1)
      } catch {
        exit(error as? FileError == FileError(path: path, message: "cannot write: File too large") ? 0 : 2)
      }
    }
    #expect(try text(path) == "old")
    #expect(try scratch.names == ["a"])
  }

  @Test func closedPipeIsAnError() async throws {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_IGN)
      var ends: [Int32] = [0, 0]
      precondition(Foundation.pipe(&ends) == 0)
      dup2(ends[1], STDOUT_FILENO)
      close(ends[0])
      do {
        try FileOutput.write("x", to: "-")
        exit(1)
      } catch {
        exit(error as? FileError == FileError(path: "standard output", message: "cannot write: Broken pipe") ? 0 : 2)
      }
    }
  }

  // "stdout" is a link of our own as /dev/stdout is one: root would lose the real one to a FileOutput that replaces
  // links.
  @Test(arguments: ["-", "stdout", "/proc/self/fd/1"])
  func standardOutputIsWrittenStraight(given: String) async throws {
    let path = try scratch.file("out", "")
    let link = scratch.path + "/stdout"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/proc/self/fd/1")
    let name = given == "stdout" ? link : given
    // What stands in the redirected file before and after must stay: it is no file of ours to replace.
    await #expect(processExitsWith: .success) { [path = path as String, name = name as String] in
      let file = open(path, O_WRONLY)
      dup2(file, STDOUT_FILENO)
      precondition(write(STDOUT_FILENO, "before ", 7) == 7)
      try FileOutput.write("middle ", to: name)
      precondition(write(STDOUT_FILENO, "after", 5) == 5)
      exit(0)
    }
    #expect(try text(path) == "before middle after")
    #expect(try scratch.names == ["out", "stdout"])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/proc/self/fd/1")
  }
}
