import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Ctrl-C during training.
@Suite struct InterruptTests {
  private let folder = Folder()

  private func start(_ words: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = words
    process.environment = Program.environment
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try folder.create("stdout")
    process.standardError = try folder.create("stderr")
    try process.run()
    return process
  }

  private func wait(_ seconds: Double = 60, until isTrue: () -> Bool) -> Bool {
    let end = Date() + seconds
    while Date() < end {
      if isTrue() { return true }
      usleep(10_000)
    }
    return false
  }

  /// The model is written, and the checkpoint goes on to the same bits as a run that nobody stopped.
  @Test func firstOneStopsAndWrites() throws {
    let model = ["--hidden", "64", "--latent", "4", "--threads", "2"]
    let process = try start(
      ["train", "digits", "--epochs", "100000", "--out", "m", "--checkpoint", "run", "--log", "log", "--json"] + model)
    try #require(wait { (try? folder.text("log").isEmpty) == false }, "\((try? folder.text("stderr")) ?? "")")
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130 && process.terminationReason == .exit)
    let errors = try folder.text("stderr")
    #expect(errors.contains("Stopped by Ctrl-C"), "\(errors)")
    let json = try #require(JSONSerialization.jsonObject(with: folder.data("stdout")) as? [String: Any])
    #expect(json["interrupted"] as? Bool == true)
    #expect(try Program.run(["info", folder("m")]).code == 0)
    // The checkpoint is of the mini-batch that was stopped at, not of the last epoch's end.
    let state = try Safetensors(folder.data("run")).metadata("libvae.trainer")
    #expect(state["step"] as? Int == json["step"] as? Int && state["step"] != nil)

    let finished = try #require(json["epochs"] as? Int)
    let total = "\(finished + 2)"
    let resume = ["train", "digits", "--resume", "run", "--epochs", total, "--out", "resumed", "--quiet"]
    #expect(try Program.run(resume, in: folder.path).code == 0)
    let straight = ["train", "digits", "--epochs", total, "--out", "straight", "--quiet"] + model
    #expect(try Program.run(straight, in: folder.path).code == 0)
    #expect(try folder.data("resumed") == folder.data("straight"))
  }

  @Test func suggestsHowToContinue() throws {
    let process = try start([
      "train", "digits", "--epochs", "100000", "--checkpoint", "run", "--log", "log", "--hidden", "16",
    ])
    try #require(wait { (try? folder.text("log").isEmpty) == false })
    process.terminate()
    process.waitUntilExit()
    #expect(process.terminationStatus == 143)
    let output = try folder.text("stdout")
    #expect(
      output.contains("train digits --resume run --checkpoint run --epochs 100000 --out model.safetensors"), "\(output)"
    )
  }

  /// A closed terminal stops a run as SIGTERM does, and nobody is there to read the summary.
  @Test func hangup() throws {
    let process = try start(
      ["train", "digits", "--epochs", "100000", "--checkpoint", "run", "--log", "log", "--hidden", "16", "--out", "m"])
    try #require(wait { (try? folder.text("log").isEmpty) == false })
    kill(process.processIdentifier, SIGHUP)
    process.waitUntilExit()
    #expect(process.terminationStatus == 129 && process.terminationReason == .exit)
    for name in ["m", "run"] { #expect(try Program.run(["info", folder(name)]).code == 0) }
  }

  /// A checkpoint that cannot be written is told once and tried again: the next one that can be makes up for it.
  @Test func checkpointThatFailsForAWhile() throws {
    try FileManager.default.createDirectory(atPath: folder("d"), withIntermediateDirectories: false)
    let process = try start(
      ["train", "digits:test", "--epochs", "1000000", "--checkpoint", "d/run", "--log", "log", "--hidden", "16"]
        + ["--quiet", "--out", "m"])
    try #require(wait { folder.exists("d/run") })
    let epochs = { ((try? folder.text("log")) ?? "").split(separator: "\n").count }
    try FileManager.default.moveItem(atPath: folder("d"), toPath: folder("away"))
    try #require(wait { (try? folder.text("stderr").contains("d/run")) == true })
    let failed = epochs()
    try #require(wait { epochs() > failed + 2 })
    try FileManager.default.createDirectory(atPath: folder("d"), withIntermediateDirectories: false)
    try #require(wait { folder.exists("d/run") })
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let errors = try folder.text("stderr")
    #expect(errors.hasPrefix("vae-cli: ") && errors.split(separator: "\n").count == 1, "\(errors)")
    #expect(try Program.run(["info", folder("d/run")]).code == 0)
  }

  /// The second one does not wait for the mini-batch.
  @Test func secondOneQuitsAtOnce() throws {
    // One mini-batch of this takes seconds.
    let process = try start(["train", "digits", "--batch", "9000", "--hidden", "3000", "--samples", "4", "--out", "m"])
    try #require(wait { (try? folder.text("stderr").contains("Training a VAE")) == true })
    usleep(300_000)
    process.interrupt()
    usleep(100_000)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
    #expect(!folder.exists("m"))
  }
}
