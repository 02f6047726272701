import CZlib
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads a file, or bytes in memory, from front to end; gzip is recognised by its first two bytes and inflated on the
/// way.
///
/// Every error names `source`. One thread at a time.
final class ByteReader {
  let source: String
  /// True where the bytes are inflated.
  private(set) var isCompressed = false
  /// True where the source is a pipe or a device: its name says nothing about its content.
  private(set) var isSpecial = false
  /// The size of a regular file or of the memory, before inflating.
  private(set) var storedSize: Int?

  private var descriptor: Int32 = -1
  /// Memory to read from where there is no file; it must outlive the reader.
  private var memory = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Raw bytes: `raw[rawStart..<rawEnd]` are not used yet.
  private let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  private var rawStart = 0
  private var rawEnd = 0
  private var inflater: Inflater?
  /// Bytes that were looked at by `peek` and not taken yet.
  private var peeked: [UInt8] = []

  /// Opens the file at `path`.
  init(path: String) throws(DataError) {
    source = path
    if path.utf8.contains(0) { throw DataError(.unreadable, path, "a file name cannot hold a zero byte") }
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw failure("cannot be read", errno) }
    var info = stat()
    if fstat(descriptor, &info) != 0 { throw failure("cannot be read", errno) }
    switch info.st_mode & S_IFMT {
    case S_IFDIR: throw DataError(.unreadable, path, "is a folder; allowed is a file")
    case S_IFREG: storedSize = Int(info.st_size)
    default: isSpecial = true
    }
    try begin()
  }

  /// Reads `memory`, which must outlive the reader; `source` names it in messages.
  init(memory: UnsafeRawBufferPointer, source: String) throws(DataError) {
    self.source = source
    self.memory = memory
    storedSize = memory.count
    try begin()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    raw.deallocate()
  }

  private func begin() throws(DataError) {
    while rawEnd < 2, try fill() {}
    if rawEnd == 0 { throw DataError(.malformed, source, "the file is empty") }
    if rawEnd >= 2, raw[0] == 0x1f, raw[1] == 0x8b {
      isCompressed = true
      inflater = try Inflater(source: source)
    }
  }

  /// Reads up to `target.count` bytes; 0 only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    if target.isEmpty { return 0 }
    if !peeked.isEmpty {
      let count = min(peeked.count, target.count)
      target.copyBytes(from: peeked[..<count])
      peeked.removeFirst(count)
      return count
    }
    return try readContent(into: target)
  }

  private func readContent(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    if let inflater { return try inflate(with: inflater, into: target) }
    if rawStart < rawEnd {
      let count = min(rawEnd - rawStart, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[rawStart..<rawStart + count]))
      rawStart += count
      return count
    }
    // Large reads of a plain file go straight to where they belong.
    return try readSource(into: target)
  }

  private func inflate(
    with inflater: Inflater, into target: UnsafeMutableRawBufferPointer
  ) throws(DataError) -> Int {
    while true {
      if rawStart == rawEnd { _ = try fill() }
      let input = UnsafeMutableRawBufferPointer(rebasing: raw[rawStart..<rawEnd])
      let step = try inflater.step(input, into: target)
      rawStart += step.used
      if step.produced > 0 { return step.produced }
      if input.isEmpty {
        if inflater.isBetweenMembers { return 0 }
        throw DataError(.malformed, source, "the gzip data end too early: the file is truncated")
      }
    }
  }

  /// Fills `target`; throws where the source ends before.
  func readExactly(_ target: UnsafeMutableRawBufferPointer, what: String) throws(DataError) {
    var done = 0
    while done < target.count {
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
      if count == 0 {
        throw DataError(
          .malformed, source, "is truncated: \(what) needs \(counted(target.count, "byte")), found \(done)")
      }
      done += count
    }
  }

  /// The next `count` bytes as an array; throws where the source ends before.
  func readBytes(_ count: Int, what: String) throws(DataError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBufferPointer { part throws(DataError) in
      try readExactly(UnsafeMutableRawBufferPointer(part), what: what)
    }
    return bytes
  }

  /// Up to `count` of the next bytes, which stay unread.
  func peek(_ count: Int) throws(DataError) -> [UInt8] {
    while peeked.count < count {
      var more = [UInt8](repeating: 0, count: count - peeked.count)
      let found = try more.withUnsafeMutableBufferPointer { part throws(DataError) in
        try readContent(into: UnsafeMutableRawBufferPointer(part))
      }
      if found == 0 { break }
      peeked += more[..<found]
    }
    return peeked
  }

  /// Throws where anything follows; reading to the very end also makes zlib check the sum at the end of gzip data.
  func expectEnd(after what: String) throws(DataError) {
    if try !peek(1).isEmpty {
      throw DataError(.malformed, source, "has more bytes after \(what); the file must end there")
    }
  }

  /// Throws where the source cannot hold `needed` more bytes after `used` bytes of header, or memory has no room for
  /// `room`.
  ///
  /// It runs before memory is taken, so a header that promises too much costs nothing.
  func expectRoom(needed: Int, used: Int, room: Int) throws(DataError) {
    if let storedSize {
      // Deflate packs at most 1032 bytes into one.
      let inflated = storedSize.multipliedReportingOverflow(by: 1032)
      let most = !isCompressed ? max(0, storedSize - used) : inflated.1 ? Int.max : inflated.0
      if needed > most {
        let holds = isCompressed ? "cannot hold more than \(most)" : "holds \(most)"
        throw DataError(
          .malformed, source,
          "is truncated: the header promises \(counted(needed, "byte")) of values, the file \(holds)")
      }
    }
    guard hasMemory(for: room) else {
      throw DataError(.shape, source, "needs \(room) bytes of memory, more than there is")
    }
  }

  /// Gets more raw bytes into the empty (or, at the start, partly filled) buffer; false at the end.
  private func fill() throws(DataError) -> Bool {
    if rawStart == rawEnd { (rawStart, rawEnd) = (0, 0) }
    let count = try readSource(into: UnsafeMutableRawBufferPointer(rebasing: raw[rawEnd...]))
    rawEnd += count
    return count > 0
  }

  private func readSource(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    guard descriptor >= 0 else {
      let count = min(memory.count, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
      memory = UnsafeRawBufferPointer(rebasing: memory[count...])
      return count
    }
    while true {
      // Linux reads at most 2 GB at once; a smaller piece is as fast.
      let count = systemRead(descriptor, target.baseAddress, min(target.count, 1 << 26))
      if count >= 0 { return count }
      if errno != EINTR { throw failure("cannot be read", errno) }
    }
  }

  private func failure(_ message: String, _ reason: Int32) -> DataError {
    DataError(.unreadable, source, "\(message): \(String(cString: strerror(reason)))")
  }
}

/// Whether the system would give that many bytes. Swift's arrays end the process where it does not.
private func hasMemory(for bytes: Int) -> Bool {
  guard bytes > 1 << 26 else { return true }
  guard bytes < Int.max / 2 else { return false }
  // A mapping, since the optimiser takes a malloc that is freed at once for one that succeeds.
  let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | Int32(MAP_ANONYMOUS), -1, 0)
  guard memory != MAP_FAILED else { return false }
  munmap(memory, bytes)
  return true
}

/// zlib's inflate for gzip data of one or more members.
private final class Inflater {
  private let source: String
  /// zlib keeps the address of its stream, so the stream may not move.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var isAtMemberStart = true
  private var members = 0

  init(source: String) throws(DataError) {
    self.source = source
    stream.initialize(to: z_stream())
    let gzipOnly = 15 + 16
    let status = inflateInit2_(stream, Int32(gzipOnly), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if status != Z_OK { throw DataError(.shape, source, "cannot be inflated: zlib says \(status)") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// True where at least one whole member was read and the next has not begun.
  var isBetweenMembers: Bool { isAtMemberStart && members > 0 }

  func step(
    _ input: UnsafeMutableRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(DataError) -> (used: Int, produced: Int) {
    if input.isEmpty { return (0, 0) }
    let room = min(target.count, 1 << 30)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(input.count)
    stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(room)
    isAtMemberStart = false
    let status = CZlib.inflate(stream, Z_NO_FLUSH)
    let used = input.count - Int(stream.pointee.avail_in)
    let produced = room - Int(stream.pointee.avail_out)
    switch status {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END:
      members += 1
      isAtMemberStart = true
      inflateReset(stream)
    case Z_MEM_ERROR: throw DataError(.shape, source, "cannot be inflated: not enough memory")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)"
      let suffix = members > 0 ? " after a complete gzip member" : ""
      throw DataError(.malformed, source, "the gzip data are damaged\(suffix): \(printable(reason))")
    }
    return (used, produced)
  }
}

private func systemRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.read(descriptor, target, count)
  #else
    Darwin.read(descriptor, target, count)
  #endif
}
