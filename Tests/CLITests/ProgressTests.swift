import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What a person sees while a model trains.
@Suite struct ProgressTests {
  private let folder = Folder()

  private func lines(_ outcome: Outcome) -> [String] {
    outcome.errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("epoch") }
  }

  /// In a file: a line per epoch, no control characters, and the sum adds up as printed.
  @Test func plainLines() throws {
    let words = ["train", "digits:test", "--validation", "0.2", "--hidden", "16", "--latent", "2", "--epochs", "10"]
    let outcome = try Program.run(words, in: folder.path)
    #expect(outcome.code == 0)
    #expect(outcome.errors.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f || $0 == "\n" })
    let found = lines(outcome)
    #expect(found.count == 10)
    let pattern = try Regex(
      #"epoch ( 1|10)/10  loss (\d+\.\d\d) = rec (\d+\.\d\d) \+ kl (\d+\.\d\d) \| held-out \d+\.\d\d \| "#
        + #"[\d.]+[kM]? examples/s \| \d+:\d\d (left|in all)"#,
      as: (Substring, Substring, Substring, Substring, Substring, Substring).self)
    for line in [found[0], found[9]] {
      let match = try #require(line.wholeMatch(of: pattern), "\(line)")
      let hundredths = { (text: Substring) in Int((Double(text)! * 100).rounded()) }
      #expect(hundredths(match.2) == hundredths(match.3) + hundredths(match.4), "\(line)")
    }
    #expect(found[9].hasSuffix("in all"))
    let log = outcome.errors + outcome.output
    #expect(log.contains("800 examples of digits:test, 200 held out"))
  }

  @Test func betaAndBound() throws {
    let words = ["train", "digits:test", "--hidden", "16", "--latent", "2", "--epochs", "1", "--validation", "0"]
    let beta = try #require(lines(Program.run(words + ["--beta", "4"], in: folder.path)).first)
    let match = try #require(beta.firstMatch(of: /loss ([\d.]+) = rec ([\d.]+) \+ 4 x kl ([\d.]+) \|/), "\(beta)")
    let number = { (text: Substring) in Double(text)! }
    #expect(abs(number(match.1) - number(match.2) - 4 * number(match.3)) < 0.03)
    #expect(!beta.contains("held-out"))
    let iwae = try Program.run(words + ["--objective", "iwae", "--samples", "3"], in: folder.path)
    #expect(lines(iwae).first?.contains(/loss [\d.]+ \(rec [\d.]+, kl [\d.]+\)/) == true, "\(iwae)")
  }

  /// The lines at the end can be copied to a shell and work.
  @Test func suggestionsWork() throws {
    let outcome = try Program.run(
      ["train", "digits:test", "--epochs", "1", "--hidden", "8", "--out", "my model.safetensors"], in: folder.path)
    let commands = outcome.output.components(separatedBy: "Try next:\n").last?.split(separator: "\n") ?? []
    #expect(commands.count >= 3)
    for command in commands {
      let line = command.trimmingCharacters(in: .whitespaces)
      #expect(line.hasPrefix(Program.path), "\(line)")
      let result = try Program.shell(line, in: folder.path)
      #expect(result.code == 0, "\(line): \(result.errors)")
    }
    for name in ["samples.png", "reconstructions.png", "codes.csv"] { #expect(folder.exists(name)) }
  }

  /// On a terminal: each epoch's line is redrawn in place, no line is wider than the terminal, bars are filled at the
  /// end.
  @Test(arguments: [(200, "C"), (80, "C"), (80, "C.UTF-8"), (60, "C"), (30, "C"), (12, "C")])
  func terminal(columns: Int, locale: String) throws {
    let terminal = try PseudoTerminal(columns: UInt16(columns))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    let words = ["train", "digits", "--hidden", "64", "--latent", "4", "--epochs", "2", "--beta", "2"]
    process.arguments = words
    process.environment = Program.environment.merging(["LC_ALL": locale]) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = terminal.child
    try process.run()
    let text = terminal.readAll(of: process)
    #expect(process.terminationStatus == 0)
    let epochs = text.components(separatedBy: "\r\n").filter { $0.hasPrefix("\repoch") }
    try #require(epochs.count == 2, "\(text)")
    for epoch in epochs {
      let states = epoch.split(separator: "\r").map { $0.replacingOccurrences(of: "\u{1b}[K", with: "") }
      for state in states { #expect(state.count <= min(columns - 1, 100), "\(state)") }
      let last = try #require(states.last)
      if columns >= 60 {
        let filled = locale == "C" ? /\[=+\] loss/ : /\[█+\] loss/
        #expect(last.contains(filled), "\(last)")
      }
      if columns >= 80 { #expect(last.contains(" + 2 x kl ") && last.contains("held-out"), "\(last)") }
    }
  }

  @Test func dumbTerminal() throws {
    let outcome = try Program.run(
      ["train", "digits:test", "--epochs", "1", "--hidden", "8"], in: folder.path, environment: ["TERM": "dumb"])
    #expect(outcome.code == 0 && !outcome.errors.contains("\r"))
  }
}

/// A terminal without a screen.
final class PseudoTerminal {
  private let own: Int32
  let child: FileHandle

  init(columns: UInt16) throws {
    own = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(own >= 0)
    // TIOCSPTLCK and TIOCGPTN: what unlockpt and ptsname do, which Swift's Glibc does not show.
    var (locked, number): (Int32, UInt32) = (0, 0)
    try #require(ioctl(own, 0x4004_5431, &locked) == 0)
    try #require(ioctl(own, 0x8004_5430, &number) == 0)
    let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(other >= 0)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(other, UInt(TIOCSWINSZ), &size) == 0)
    child = FileHandle(fileDescriptor: other, closeOnDealloc: true)
  }

  deinit { close(own) }

  /// What `process` writes until it ends.
  func readAll(of process: Process) -> String {
    try? child.close()
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      // The end of the last writer is an error (EIO) on Linux.
      let count = read(own, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }
}
