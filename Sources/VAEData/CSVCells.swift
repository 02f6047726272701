/// Cuts CSV text (RFC 4180, with any of LF, CRLF and CR as line ends) into cells, in a window that moves over the file.
struct CSVCells: ~Copyable {
  /// What followed a cell.
  enum Ending { case comma, line, file }

  /// The line of the next cell, counted from 1.
  private(set) var line = 1
  /// Bytes of the file that were used up so far.
  var used: Int { discarded + position }

  private let reader: ByteReader
  private let window = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 20)
  /// Bytes that lay before the window.
  private var discarded = 0
  private var position = 0
  private var end = 0
  private var isAtEnd = false
  private var cellStart = 0
  private var cellEnd = 0
  /// The content of the last cell where it was quoted, without its quotes.
  private var unquoted: [UInt8]?

  init(_ reader: ByteReader) throws(DataError) {
    self.reader = reader
    let start = try reader.peek(4)
    if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff]) {
      throw DataError(.malformed, reader.source, "is UTF-16 text; save it as UTF-8")
    }
    try refill()
    if start.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  deinit { window.deallocate() }

  /// True where nothing is left.
  mutating func isDone() throws(DataError) -> Bool {
    if position == end { try refill() }
    return position == end
  }

  /// Moves to the next cell; `withCell` then gives its bytes.
  mutating func next() throws(DataError) -> Ending {
    unquoted = nil
    if position == end { try refill() }
    if position < end, window[position] == UInt8(ascii: "\"") { return try nextQuoted() }
    var scan = position
    while true {
      while scan < end {
        let byte = window[scan]
        if byte == UInt8(ascii: ",") || byte == 0x0a || byte == 0x0d {
          (cellStart, cellEnd) = (position, scan)
          position = scan
          return try takeEnding()
        }
        scan += 1
      }
      if isAtEnd {
        (cellStart, cellEnd) = (position, end)
        position = end
        return .file
      }
      scan -= position
      try refill()
    }
  }

  /// Calls `body` with the bytes of the current cell, which are valid only there.
  func withCell<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let unquoted { return unquoted.withUnsafeBufferPointer(body) }
    return body(UnsafeBufferPointer(rebasing: window[cellStart..<cellEnd]))
  }

  private mutating func nextQuoted() throws(DataError) -> Ending {
    let firstLine = line
    var content: [UInt8] = []
    position += 1
    while true {
      guard let byte = try takeByte() else {
        throw DataError(.malformed, reader.source, "line \(firstLine): a quoted cell has no closing quote")
      }
      if byte == UInt8(ascii: "\"") {
        guard try peekByte() == UInt8(ascii: "\"") else { break }
        position += 1
      }
      if byte == 0x0a { line += 1 }
      content.append(byte)
      if content.count > window.count { throw tooLong(firstLine) }
    }
    while let byte = try peekByte(), isBlank(byte) { position += 1 }
    unquoted = content
    guard let byte = try peekByte() else { return .file }
    guard byte == UInt8(ascii: ",") || byte == 0x0a || byte == 0x0d else {
      throw DataError(.malformed, reader.source, "line \(line): a quoted cell goes on after its closing quote")
    }
    return try takeEnding()
  }

  /// Takes the comma or the line end at `position`. It does not move the window, so the cell before it stays valid.
  private mutating func takeEnding() throws(DataError) -> Ending {
    let byte = window[position]
    position += 1
    if byte == UInt8(ascii: ",") { return .comma }
    if byte == 0x0d {
      if position == end, !isAtEnd {
        // The cell must survive the move of the window: keep the bytes from its start on.
        let length = cellEnd - cellStart
        let isPlain = unquoted == nil
        let moved = position - cellStart
        if isPlain { position = cellStart }
        try refill()
        if isPlain {
          (cellStart, cellEnd) = (position, position + length)
          position += moved
        }
      }
      if position < end, window[position] == 0x0a { position += 1 }
    }
    line += 1
    return .line
  }

  private mutating func peekByte() throws(DataError) -> UInt8? {
    if position == end { try refill() }
    return position < end ? window[position] : nil
  }

  private mutating func takeByte() throws(DataError) -> UInt8? {
    let byte = try peekByte()
    if byte != nil { position += 1 }
    return byte
  }

  /// Moves what is left to the front of the window and reads on behind it.
  private mutating func refill() throws(DataError) {
    if isAtEnd { return }
    let left = end - position
    if left == window.count { throw tooLong(line) }
    if let base = window.baseAddress, position > 0 { base.update(from: base + position, count: left) }
    discarded += position
    position = 0
    end = left
    let free = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: window[left...]))
    let count = try reader.read(into: free)
    if count == 0 { isAtEnd = true }
    end += count
  }

  private func tooLong(_ line: Int) -> DataError {
    DataError(
      .malformed, reader.source, "line \(line): a cell is longer than \(window.count) bytes; is this a CSV file?")
  }
}
