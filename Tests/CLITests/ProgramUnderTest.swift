import Foundation
import Testing

/// What a run of the program came to.
struct Outcome {
  let code: Int32
  /// What ended it, where that was a signal.
  let wasKilled: Bool
  let output: String
  let errors: String

  /// The one JSON object on standard output.
  func json(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
    #expect(output.hasSuffix("\n") && output.dropLast().contains("\n") == false, "one line", sourceLocation: location)
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any], sourceLocation: location)
  }
}

/// The built program, and how to run it.
enum Program {
  /// `vae-cli` lies beside the test bundle in the build folder.
  static let path: String = {
    let runner =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    var folder = URL(fileURLWithPath: runner).deletingLastPathComponent()
    for _ in 0..<5 {
      let candidate = folder.appendingPathComponent("vae-cli").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder = folder.deletingLastPathComponent()
    }
    return "/vae-cli/was/not/found/beside/\(runner)"
  }()

  /// The environment of every run: a plain locale, and nothing of the caller's that changes what is printed.
  static let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TERM": "xterm"]

  /// Runs `vae-cli` with `arguments` and waits for it.
  static func run(
    _ arguments: [String], in folder: String? = nil, environment extra: [String: String] = [:]
  ) throws -> Outcome {
    try launch(path, arguments, in: folder, environment: extra)
  }

  /// Runs a line of shell in which `vae-cli` is the program, for redirections and limits.
  static func shell(_ line: String, in folder: String) throws -> Outcome {
    try launch(
      "/bin/sh", ["-c", "vae_cli() { '\(path)' \"$@\"; }\n" + line], in: folder, environment: ["VAE_CLI": path])
  }

  private static func launch(
    _ executable: String, _ arguments: [String], in folder: String?, environment extra: [String: String]
  ) throws -> Outcome {
    let files = Folder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = environment.merging(extra) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder ?? files.path)
    // Files, not pipes: nothing can block, however much is printed.
    let output = try files.create("stdout")
    let errors = try files.create("stderr")
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    try output.close()
    try errors.close()
    return Outcome(
      code: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try files.text("stdout"), errors: try files.text("stderr"))
  }
}

/// A temporary folder that goes away with its last reference.
final class Folder: Sendable {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.path + "/vae-cli-tests-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { path + "/" + name }

  func create(_ name: String) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: self(name), contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: self(name)))
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

  @discardableResult
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: self(name))) }

  func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self(name)) }

  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// Checks that `outcome` is an error as the program promises it: the code, one line on standard error that begins
/// with the program's name and holds all of `parts`, nothing on standard output.
func expectError(
  _ outcome: Outcome, code: Int32, _ parts: String..., location: SourceLocation = #_sourceLocation
) {
  #expect(outcome.code == code && !outcome.wasKilled, "\(outcome)", sourceLocation: location)
  #expect(outcome.output == "", sourceLocation: location)
  #expect(outcome.errors.hasPrefix("vae-cli: "), "\(outcome.errors)", sourceLocation: location)
  #expect(outcome.errors.hasSuffix("\n"), sourceLocation: location)
  #expect(outcome.errors.dropLast().contains("\n") == false, "\(outcome.errors)", sourceLocation: location)
  for part in parts { #expect(outcome.errors.contains(part), "\(outcome.errors)", sourceLocation: location) }
}
