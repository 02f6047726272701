#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Shows epochs on standard error: one line each, redrawn in place on a terminal, plain elsewhere. One thread at a
/// time.
final class ProgressDisplay {
  private let terminal: Terminal
  private let isQuiet: Bool
  private var isLineOpen = false

  init(terminal: Terminal, isQuiet: Bool) {
    (self.terminal, self.isQuiet) = (terminal, isQuiet)
  }

  /// Redraws the line of the running epoch; does nothing where lines cannot be redrawn.
  func update(_ line: EpochLine) {
    guard !isQuiet, terminal.canRedraw else { return }
    redraw(line)
  }

  /// Shows the last state of an epoch and goes on to the next line.
  func finish(_ line: EpochLine) {
    guard !isQuiet else { return }
    guard terminal.canRedraw else { return printNote(line.plain) }
    redraw(line)
    endLine()
  }

  /// Leaves a line that was not finished as it is, so that a message begins on its own line.
  func endLine() {
    guard isLineOpen else { return }
    isLineOpen = false
    _ = writeAll(STDERR_FILENO, "\n")
  }

  private func redraw(_ line: EpochLine) {
    // The last column stays free: some terminals wrap when it is written.
    let columns = min(Terminal.columnsOfStandardError() - 1, 100)
    let text = line.withBar(columns: columns, unicode: terminal.showsUnicode)
    isLineOpen = true
    _ = writeAll(STDERR_FILENO, "\r" + text + "\u{1b}[K")
  }
}
