import Foundation
import Testing

/// Help texts are compared with files in Tests/Fixtures/cli. After a wanted change: `UPDATE_FIXTURES=1 swift test --filter
/// HelpTests`.
@Suite struct HelpTests {
  static let pages = [
    "train", "evaluate", "encode", "decode", "reconstruct", "sample", "complete", "info", "presets", "digits",
  ]
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/cli")

  @Test(arguments: pages)
  func page(command: String) throws {
    let outcome = try Program.run(["help", command])
    try expectHelp(outcome, fixture: "help-\(command).txt")
    for words in [[command, "--help"], [command, "-h"], [command, "x", "--qqq", "-h"], ["--help", command]] {
      let other = try Program.run(words)
      #expect(other.code == 0 && other.errors.isEmpty)
      if words[0] == command { #expect(other.output == outcome.output) }
    }
  }

  @Test func overview() throws {
    let outcome = try Program.run(["help"])
    try expectHelp(outcome, fixture: "help.txt")
    for words in [["--help"], ["-h"], ["help", "help"], ["help", "--help"]] {
      #expect(try Program.run(words).output == outcome.output)
    }
    for command in Self.pages { #expect(outcome.output.contains("\n  \(command) ")) }
  }

  @Test func version() throws {
    let outcome = try Program.run(["--version"])
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.hasPrefix("vae-cli "))
    #expect(outcome.output.contains("LeCun, Cortes and Burges, CC BY-SA 3.0"))
    expectError(try Program.run(["--version", "now"]), code: 2, "now")
  }

  /// Every line that a help text offers to copy is understood by the parser.
  @Test(arguments: pages)
  func examplesAreUnderstood(command: String) throws {
    let text = try Program.run(["help", command]).output
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("  vae-cli ") }
    #expect(!lines.isEmpty)
    for line in lines {
      let words = line.split(separator: " ").dropFirst().prefix { !["|", ">", "<"].contains($0) }.map(String.init)
      // --help shows the page before operands are checked, so the last word must be refused alone.
      let outcome = try Program.run(words + ["--qqqq"])
      expectError(outcome, code: 2, "--qqqq")
    }
  }

  private func expectHelp(_ outcome: Outcome, fixture: String) throws {
    #expect(outcome.code == 0)
    #expect(outcome.errors == "")
    for line in outcome.output.split(separator: "\n") {
      #expect(line.count <= 80 || line.hasPrefix("  vae-cli"), "\(line)")
    }
    let file = Self.fixtures.appendingPathComponent(fixture)
    if ProcessInfo.processInfo.environment["UPDATE_FIXTURES"] == "1" {
      try outcome.output.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == outcome.output)
  }
}
