#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes one file so that a reader sees either the old content or the whole new one.
///
/// A new or existing regular file is written to a temporary file in the same folder, which replaces it in `commit()`:
/// flush, fsync, rename, fsync of the folder. Without `commit()` the temporary file is removed and the old file stays
/// as it was. An existing file keeps its permissions. A path that leads to something else (a device, a FIFO,
/// `/dev/stdout`) is written straight and never replaced; so is `-`, which means standard output.
///
/// Every failed write, fsync or close throws a ``FileError`` with the system's reason. A write into a closed pipe is
/// such an error only in a process that ignores SIGPIPE, and a write past the file size limit only where SIGXFSZ is
/// ignored.
///
/// An output belongs to one thread at a time.
public final class FileOutput {
  /// The path as given, or "standard output" for `-`.
  public let name: String

  private var descriptor: Int32
  private let target: OutputTarget
  private var buffer: [UInt8] = []
  private var isOpen = true
  private static let bufferSize = 1 << 16

  /// Opens `path` for writing; nothing at `path` changes before `commit()` unless it is written straight.
  ///
  /// - Throws: ``FileError`` where the path is a folder, its folder is missing or may not be written, or the file
  ///   itself may not be written.
  public init(_ path: String) throws(FileError) {
    name = path == "-" ? "standard output" : path
    target = try OutputTarget(path)
    descriptor = try target.open()
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { discard() }

  /// Writes the bytes of `bytes`, in order.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard isOpen else { throw failure("is already closed") }
    if buffer.count + bytes.count <= Self.bufferSize {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    if bytes.count < Self.bufferSize {
      buffer.append(contentsOf: bytes)
    } else {
      try writeOut(bytes)
    }
  }

  /// Writes `bytes`, in order.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { part throws(FileError) in try write(UnsafeRawBufferPointer(part)) }
  }

  /// Writes `text` as UTF-8.
  public func write(_ text: String) throws(FileError) {
    try write(Array(text.utf8))
  }

  /// Makes what was written the content of the file and closes the output.
  ///
  /// - Throws: ``FileError`` where a write, fsync, close or rename fails; the old file is then left as it was. Where
  ///   only the last step failed (fsync of the folder), the new file is in place but may be lost in a power failure.
  public func commit() throws(FileError) {
    guard isOpen else { throw failure("is already closed") }
    do throws(FileError) {
      try flush()
      try target.prepare(descriptor, name: name)
      isOpen = false
      if systemClose(descriptor) != 0 { throw failure("cannot finish writing", errno) }
      try target.install(name: name)
    } catch {
      discard()
      target.removeTemporary()
      throw error
    }
  }

  /// Closes the output and forgets what was written; a temporary file is removed. Does nothing after `commit()`.
  public func discard() {
    guard isOpen else { return }
    isOpen = false
    _ = systemClose(descriptor)
    target.removeTemporary()
  }

  /// Writes `bytes` as the whole content of the file at `path` (`-` is standard output), atomically as described above.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let output = try FileOutput(path)
    try output.write(bytes)
    try output.commit()
  }

  /// Writes `text` as UTF-8 as the whole content of the file at `path` (`-` is standard output).
  public static func write(_ text: String, to path: String) throws(FileError) {
    let output = try FileOutput(path)
    try output.write(text)
    try output.commit()
  }

  private func flush() throws(FileError) {
    guard !buffer.isEmpty else { return }
    try buffer.withUnsafeBufferPointer { part throws(FileError) in try writeOut(UnsafeRawBufferPointer(part)) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeOut(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes
    while !rest.isEmpty {
      let written = systemWrite(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        let reason = errno
        discard()
        throw failure("cannot write", reason)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  private func failure(_ message: String, _ reason: Int32? = nil) -> FileError {
    FileError(path: name, message: reason.map { "\(message): \(String(cString: strerror($0)))" } ?? message)
  }
}

@available(*, unavailable, message: "an output has one file position: give every thread its own file")
extension FileOutput: Sendable {}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}

private func systemClose(_ descriptor: Int32) -> Int32 {
  // After EINTR the descriptor is gone on Linux: trying again could close another thread's file.
  close(descriptor) != 0 && errno != EINTR ? -1 : 0
}
