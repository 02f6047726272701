import Foundation
import Testing

/// What stands around the command line: environment variables, and bytes that are no text.
@Suite struct EnvironmentTests {
  private let folder = Folder()
  private let train = ["train", "digits:test", "--epochs", "1", "--hidden", "4", "--json"]

  /// The OpenMP runtime aborts or hangs on these where it sees them.
  @Test(arguments: [
    ("OMP_NUM_THREADS", ""), ("OMP_NUM_THREADS", "abc"), ("OMP_NUM_THREADS", "-5"), ("OMP_NUM_THREADS", "99999999"),
    ("OMP_STACKSIZE", "1"), ("OMP_STACKSIZE", "100T"), ("KMP_STACKSIZE", "1"), ("GOMP_STACKSIZE", "100T"),
  ])
  func nonsenseIsIgnored(name: String, value: String) throws {
    let outcome = try Program.run(train + ["--quiet"], in: folder.path, environment: [name: value])
    #expect(outcome.code == 0 && outcome.errors == "", "\(outcome)")
  }

  /// What a process of the same number left behind when it was killed.
  @Test func staleNoteOfOpenMP() throws {
    let line = "touch /dev/shm/__KMP_REGISTERED_LIB_$$_$(id -u); exec \"$VAE_CLI\" \(train.joined(separator: " "))"
    #expect(try Program.shell(line, in: folder.path).code == 0)
  }

  @Test func numberOfThreads() throws {
    for (environment, threads) in [
      (["OMP_NUM_THREADS": "3"], 3), (["OMP_NUM_THREADS": " 2,4"], 2),
      (["OMP_NUM_THREADS": "3", "VAE_THREADS": "2"], 2), (["VAE_THREADS": "1"], 1),
    ] {
      let json = try Program.run(train, in: folder.path, environment: environment).json()
      #expect(json["threads"] as? Int == threads, "\(environment)")
    }
  }

  /// As a Swift string such a name would be that of another file.
  @Test func wordThatIsNotUTF8() throws {
    for line in ["vae_cli train \"$(printf 'a\\377.csv')\"", "vae_cli digits --out=\"$(printf '\\300.npy')\""] {
      expectError(try Program.shell(line, in: folder.path), code: 2, "is not UTF-8")
    }
    #expect(folder.names == [])
  }

  /// The lines to copy are harmless to look at, and mean the same file to a shell.
  @Test func controlCharactersInSuggestions() throws {
    let name = "a'\\\u{1b}[31m\u{9b}1m b\n"
    let outcome = try Program.run(train.dropLast() + ["--out", name], in: folder.path)
    #expect(outcome.code == 0)
    let line = try #require(outcome.output.split(separator: "\n").first { $0.contains(" info ") })
    #expect(line.contains("info $'a\\'\\\\\\033[31m\\302\\2331m b\\012'"), "\(line)")
    let copied = try Program.run(["info", name], in: folder.path)
    #expect(copied.code == 0)
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["-c", String(line)]
    shell.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    shell.standardOutput = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
  }
}
