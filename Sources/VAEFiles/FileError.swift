/// A file that could not be opened, written or replaced.
///
/// `description` is one line: the path, what went wrong, and the system's reason where there is one.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The path as the caller gave it, or "standard output".
  public let path: String
  /// What went wrong and what is allowed, in one line, without the path.
  public let message: String

  /// Makes an error about `path`.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  public var description: String { "\(printable(path)): \(message)" }
}

/// `text` fit for one line of an error message: control characters are escaped and everything after `limit` characters
/// is replaced by "...".
public func printable(_ text: String, limit: Int = 4096) -> String {
  var result = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count >= limit { return result + "..." }
    switch scalar.value {
    case 0x09: result += "\\t"
    case 0x0a: result += "\\n"
    case 0x0d: result += "\\r"
    case 0..<0x20, 0x7f..<0xa0: result += "\\x" + hex(scalar.value)
    case 0x202a...0x202e, 0x2028, 0x2029: result += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

private func hex(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return digits.count < 2 ? "0" + digits : digits
}
