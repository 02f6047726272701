import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Prints a line on standard output.
///
/// - Throws: ``Failure`` with the system's reason (a full disk, a pipe that nobody reads).
func printOut(_ line: String) throws(Failure) {
  if let reason = writeAll(STDOUT_FILENO, line + "\n") {
    throw Failure("standard output: cannot write: \(String(cString: strerror(reason)))")
  }
}

/// Prints a line on standard error; there is nobody to tell where that fails.
func printNote(_ line: String) {
  _ = writeAll(STDERR_FILENO, line + "\n")
}

/// Writes `text` as it is; returns the system's error number where that fails.
func writeAll(_ descriptor: Int32, _ text: String) -> Int32? {
  var copy = text
  return copy.withUTF8 { utf8 in
    var rest = UnsafeRawBufferPointer(utf8)
    while !rest.isEmpty {
      let written = write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return nil
  }
}

/// Where a command puts what it has to say besides its result.
///
/// Messages for people go to standard output where it is free; where it carries data or JSON they go to standard error.
struct Speech: Sendable {
  /// `--quiet`: only errors and JSON.
  let isQuiet: Bool
  /// `--json`, or data go to standard output.
  let standardOutputIsTaken: Bool

  func say(_ line: String) throws(Failure) {
    if isQuiet { return }
    if standardOutputIsTaken { printNote(line) } else { try printOut(line) }
  }
}

/// What a terminal, or what is not one, can show.
struct Terminal: Sendable {
  /// Lines can be redrawn in place.
  let canRedraw: Bool
  /// The locale shows characters outside ASCII.
  let showsUnicode: Bool

  /// Standard error as it is.
  static func standardError() -> Terminal {
    let isTerminal = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
    return Terminal(canRedraw: isTerminal, showsUnicode: localeIsUTF8())
  }

  /// The terminal may be resized while the program runs.
  static func columnsOfStandardError() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  private static func localeIsUTF8() -> Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment($0) }.first { !$0.isEmpty } ?? "C"
    let encoding = locale.lowercased()
    return encoding.contains("utf-8") || encoding.contains("utf8")
  }
}

/// The value of an environment variable; nil where it is not set.
func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// Makes standard input, output and error safe to use: where one was closed by the caller, the next file that is
/// opened must not take its place. A closed standard output then fails to be written to, which is reported.
func secureStandardStreams() {
  for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
    _ = open("/dev/null", O_RDONLY)
  }
}
