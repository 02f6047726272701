import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Outputs that cannot be written: exit code 1, the reason, and nothing half-written left behind.
@Suite struct OutputFailureTests {
  private let folder = Folder()

  private func run(_ words: String...) throws -> Outcome { try Program.run(words, in: folder.path) }

  @Test func folderThatDoesNotExist() throws {
    let model = try SmallModel.path()
    // Training says so before it begins: no line of progress.
    expectError(
      try run("train", "digits", "--out", "no/m.safetensors"), code: 1, "no/m.safetensors", "no does not exist")
    expectError(try run("train", "digits", "--checkpoint", "no/run"), code: 1, "no/run", "does not exist")
    expectError(try run("train", "digits", "--log", "no/l.jsonl"), code: 1, "--log no/l.jsonl", "No such file")
    expectError(try run("train", "digits", "--pictures", "no/p"), code: 1, "--pictures no/p", "No such file")
    for name in ["no/x.csv", "no/x.npy", "no/x.png"] {
      expectError(try run("sample", model, "--out", name), code: 1, name, "does not exist")
      expectError(try run("reconstruct", model, "digits", "--out", name), code: 1, name, "does not exist")
    }
    expectError(try run("encode", model, "digits", "--out", "no/x.npy"), code: 1, "no/x.npy", "does not exist")
    expectError(try run("evaluate", model, "digits", "--out", "no/x.npy"), code: 1, "no/x.npy", "does not exist")
    expectError(try run("digits", "--out", "no/x.npy"), code: 1, "no/x.npy", "does not exist")
    #expect(folder.names == [])
  }

  @Test func fileInPlaceOfFolder() throws {
    try folder.write("file", "")
    expectError(try run("train", "digits", "--pictures", "file"), code: 1, "--pictures file", "no folder")
    expectError(try run("train", "digits", "--out", "file/m"), code: 1, "file/m", "Not a directory")
  }

  /// /proc takes no new files from anybody, root included.
  @Test func folderThatMayNotBeWritten() throws {
    let model = try SmallModel.path()
    expectError(try run("train", "digits", "--out", "/proc/m.safetensors"), code: 1, "/proc/m.safetensors")
    expectError(try run("train", "digits", "--pictures", "/proc/p"), code: 1, "--pictures /proc/p")
    expectError(try run("sample", model, "--out", "/proc/s.npy"), code: 1, "/proc/s.npy")
  }

  @Test(.disabled(if: getuid() == 0, "root may write everywhere"))
  func folderWithoutPermission() throws {
    try FileManager.default.createDirectory(atPath: folder("locked"), withIntermediateDirectories: false)
    chmod(folder("locked"), 0o555)
    defer { chmod(folder("locked"), 0o755) }
    expectError(try run("train", "digits", "--out", "locked/m"), code: 1, "locked/m", "Permission denied")
  }

  /// A file size limit stands for a full disk: the old file stays, and no temporary file is left.
  @Test(arguments: [
    "train digits:test --epochs 1 --hidden 16 --latent 2 --quiet --out old.safetensors",
    "train digits:test --epochs 1 --hidden 16 --latent 2 --quiet --out /dev/null --checkpoint old.safetensors",
    "train digits:test --epochs 1 --hidden 9 --latent 5 --quiet --out /dev/null --pictures old.d",
    "sample \"$MODEL\" --count 100 --out old.npy", "sample \"$MODEL\" --count 100 --out old.csv",
    "sample \"$MODEL\" --count 100 --out old.png", "reconstruct \"$MODEL\" digits --out old.npy",
    "encode \"$MODEL\" digits --out old.npy", "evaluate \"$MODEL\" digits --out old.npy", "digits --out old.npy",
  ])
  func fullDisk(line: String) throws {
    let names = ["old.safetensors", "old.npy", "old.csv", "old.png"]
    for name in names { try folder.write(name, "precious") }
    let model = try SmallModel.path()
    let limited = "MODEL='\(model)'; ulimit -f 16; vae_cli \(line)"
    let outcome = try Program.shell(limited, in: folder.path)
    expectError(outcome, code: 1, "old.", "File too large")
    for name in names { #expect(try folder.text(name) == "precious") }
    let rest = Set(folder.names).subtracting(names + ["old.d"])
    #expect(rest.isEmpty, "left behind: \(rest)")
  }

  /// A log that fills up is told once, and ends with a whole line.
  @Test func logThatFillsUp() throws {
    try folder.write("log", String(repeating: "x", count: 8000) + "\n")
    let train = "train digits:test --quiet --out /dev/null"
    let first = "vae_cli \(train) --hidden 1 --latent 1 --epochs 1 --checkpoint run"
    #expect(try Program.shell(first, in: folder.path).code == 0)
    // 8192 bytes: no room for another line.
    let outcome = try Program.shell(
      "ulimit -f 16; vae_cli \(train) --epochs 6 --resume run --log log", in: folder.path)
    expectError(outcome, code: 1, "--log log", "File too large")
    #expect(try folder.text("log").hasSuffix("\n"))
  }

  /// A log that cannot grow does not cost the model.
  @Test func logOnFullDevice() throws {
    let outcome = try run(
      "train", "digits:test", "--epochs", "2", "--hidden", "4", "--quiet", "--log", "/dev/full", "--out", "m")
    expectError(outcome, code: 1, "--log /dev/full", "No space left on device")
    #expect(try run("info", "m").code == 0)
  }

  /// A device is written straight, and stays one.
  @Test(arguments: [
    "train digits:test --epochs 1 --hidden 4 --quiet --out /dev/full",
    "train digits:test --epochs 1 --hidden 4 --quiet --checkpoint /dev/full",
    "sample \"$MODEL\" --out /dev/full", "encode \"$MODEL\" digits --out /dev/full",
    "evaluate \"$MODEL\" digits --out /dev/full", "digits --out /dev/full",
  ])
  func device(line: String) throws {
    let model = try SmallModel.path()
    expectError(
      try Program.shell("MODEL='\(model)'; vae_cli \(line)", in: folder.path), code: 1, "/dev/full",
      "No space left on device")
    var info = stat()
    #expect(stat("/dev/full", &info) == 0 && info.st_mode & S_IFMT == S_IFCHR && info.st_rdev == 0x107)
  }

  @Test(arguments: [
    "help", "help train", "--version", "info \"$MODEL\"", "info \"$MODEL\" --json", "evaluate \"$MODEL\" digits",
    "sample \"$MODEL\"", "encode \"$MODEL\" digits", "evaluate \"$MODEL\" digits --json",
    "train digits:test --epochs 1 --hidden 4 --quiet --json",
    "train digits:test --epochs 1 --hidden 4 --quiet --out -",
  ])
  func standardOutput(line: String) throws {
    let model = try SmallModel.path()
    let full = try Program.shell("MODEL='\(model)'; vae_cli \(line) >/dev/full", in: folder.path)
    expectError(full, code: 1, "standard output", "No space left on device")
    let closed = try Program.shell("MODEL='\(model)'; vae_cli \(line) >&-", in: folder.path)
    expectError(closed, code: 1, "standard output")
    // Nobody reads: an error like any other, not a silent death by SIGPIPE.
    let pipe = try Program.shell(
      "MODEL='\(model)'; { vae_cli \(line); echo $? >code; } | true; sleep 0.1", in: folder.path)
    if line.hasPrefix("sample") || line.hasPrefix("encode") {
      #expect(try folder.text("code") == "1\n")
      #expect(pipe.errors.contains("Broken pipe"))
    }
  }
}
