import VAEFiles

/// Data that cannot be read, used or written.
///
/// `description` is one line that names the file, what was found there and what is allowed.
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of thing went wrong; more kinds may come, so match the ones you treat and keep a default.
  public enum Kind: String, Sendable {
    /// The file is missing, is a folder, or the system refuses to read it.
    case unreadable
    /// The bytes are not what the format allows: wrong magic, truncated, damaged, of an unknown kind.
    case malformed
    /// A value is not a number, not finite, or outside the allowed range.
    case value
    /// No rows, no columns, or sizes that do not fit together or into memory.
    case shape
    /// An argument of the call is not allowed.
    case argument
    /// The output cannot be written.
    case unwritable
  }

  /// What kind of thing went wrong.
  public let kind: Kind
  /// The file or source, as the caller named it.
  public let source: String
  /// What was found and what is allowed, in one line, without the source.
  public let message: String

  /// Makes an error about `source`.
  public init(_ kind: Kind, _ source: String, _ message: String) {
    self.kind = kind
    self.source = source
    self.message = message
  }

  init(_ error: FileError) {
    self.init(.unwritable, error.path, error.message)
  }

  public var description: String { "\(printable(source)): \(message)" }
}

/// `count` and the word for it, with an "s" unless there is exactly one: "1 row", "3 rows".
func counted(_ count: Int, _ word: String) -> String {
  "\(count) \(word)\(count == 1 ? "" : "s")"
}

/// `cell` in quotes, on one line and not too long.
func quoted(_ cell: String) -> String {
  "\"" + printable(cell, limit: 40) + "\""
}
