/// The types of numbers that array files hold.
enum ElementType: Equatable {
  case uint8, int8, int16, uint16, int32, uint32, int64, uint64, float32, float64

  /// Bytes of one element.
  var size: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Converts the elements in `raw` to floats at `target[0]`, `target[stride]`, ...; each is rounded to the nearest
  /// float.
  func convert(_ raw: UnsafeRawBufferPointer, bigEndian: Bool, to target: UnsafeMutablePointer<Float>, stride: Int) {
    switch self {
    case .uint8: each(raw, UInt8.self, bigEndian, target, stride) { Float($0) }
    case .int8: each(raw, Int8.self, bigEndian, target, stride) { Float($0) }
    case .int16: each(raw, Int16.self, bigEndian, target, stride) { Float($0) }
    case .uint16: each(raw, UInt16.self, bigEndian, target, stride) { Float($0) }
    case .int32: each(raw, Int32.self, bigEndian, target, stride) { Float($0) }
    case .uint32: each(raw, UInt32.self, bigEndian, target, stride) { Float($0) }
    case .int64: each(raw, Int64.self, bigEndian, target, stride) { Float($0) }
    case .uint64: each(raw, UInt64.self, bigEndian, target, stride) { Float($0) }
    case .float32: each(raw, UInt32.self, bigEndian, target, stride) { Float(bitPattern: $0) }
    case .float64: each(raw, UInt64.self, bigEndian, target, stride) { Float(Double(bitPattern: $0)) }
    }
  }

  @inline(__always)
  private func each<Stored: FixedWidthInteger & BitwiseCopyable>(
    _ raw: UnsafeRawBufferPointer, _: Stored.Type, _ bigEndian: Bool, _ target: UnsafeMutablePointer<Float>,
    _ stride: Int, _ value: (Stored) -> Float
  ) {
    let size = MemoryLayout<Stored>.size
    for index in 0..<raw.count / size {
      let stored = raw.loadUnaligned(fromByteOffset: index * size, as: Stored.self)
      target[index * stride] = value(bigEndian ? Stored(bigEndian: stored) : Stored(littleEndian: stored))
    }
  }
}

/// The order in which a file stores the elements of an array.
enum ElementOrder {
  /// The last index runs fastest, as the table stores them.
  case rowMajor
  /// The first index (the row) runs fastest.
  case columnMajor
}

/// An array in a file: what its header says.
struct ArrayLayout {
  var element: ElementType
  var bigEndian: Bool
  var order: ElementOrder
  /// At least one dimension, all at least 1 and their product in bytes checked: rows first, the rest is one row.
  private(set) var shape: [Int]
  private(set) var rows: Int
  private(set) var columns: Int

  /// Checks `shape`; `source` names the file in errors.
  init(
    element: ElementType, bigEndian: Bool, order: ElementOrder, shape: [Int], source: String
  ) throws(DataError) {
    self.element = element
    self.bigEndian = bigEndian
    self.order = order
    self.shape = shape
    let text = "[" + shape.map(String.init).joined(separator: ", ") + "]"
    guard let first = shape.first else { throw DataError(.shape, source, "holds one number, not rows of numbers") }
    guard first > 0 else { throw DataError(.shape, source, "has no rows (shape \(text)); at least one is needed") }
    guard let columns = checkedProduct(Array(shape.dropFirst())),
      let bytes = checkedProduct([first, columns, max(element.size, MemoryLayout<Float>.size)]), bytes < Int.max / 2
    else { throw DataError(.malformed, source, "the header gives the shape \(text), more than any memory holds") }
    guard columns > 0 else { throw DataError(.shape, source, "has no columns (shape \(text)); at least one is needed") }
    self.rows = first
    self.columns = columns
  }

  var geometry: ImageGeometry? {
    shape.count == 3 || shape.count == 4 ? ImageGeometry(shape: Array(shape.dropFirst())) : nil
  }

  /// Reads the values as bytes; only for elements of one unsigned byte. `used` is the size of the header.
  func readBytes(_ reader: ByteReader, used: Int) throws(DataError) -> [UInt8] {
    let count = rows * columns
    try reader.expectRoom(needed: count, used: used, room: count)
    return try filled(count) { target throws(DataError) in
      switch order {
      case .rowMajor:
        try reader.readExactly(UnsafeMutableRawBufferPointer(target), what: "the array of \(rows) x \(columns) bytes")
      case .columnMajor:
        try readPieces(reader) { piece, first, stride in
          for (index, byte) in piece.enumerated() { target[first + index * stride] = byte }
        }
      }
    }
  }

  /// Reads the values as floats. `used` is the size of the header.
  func readFloats(_ reader: ByteReader, used: Int) throws(DataError) -> [Float] {
    let count = rows * columns
    try reader.expectRoom(needed: count * element.size, used: used, room: count * MemoryLayout<Float>.size)
    return try filled(count) { target throws(DataError) in
      guard let base = target.baseAddress else { return }
      try readPieces(reader) { piece, first, stride in
        element.convert(piece, bigEndian: bigEndian, to: base + first, stride: stride)
      }
    }
  }

  /// Reads the file's elements piece by piece and tells where in the row-major table each piece belongs: from index
  /// `first` on, `stride` apart. So no second copy of the data is ever in memory.
  private func readPieces(
    _ reader: ByteReader, _ take: (_ piece: UnsafeRawBufferPointer, _ first: Int, _ stride: Int) -> Void
  ) throws(DataError) {
    let pieceElements = (1 << 18) / element.size
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceElements * element.size, alignment: 16)
    defer { scratch.deallocate() }
    let what = "the array of \(rows) x \(columns) values"
    func run(_ length: Int, _ first: Int, _ stride: Int) throws(DataError) {
      var done = 0
      while done < length {
        let count = min(pieceElements, length - done)
        let piece = UnsafeMutableRawBufferPointer(rebasing: scratch[..<(count * element.size)])
        try reader.readExactly(piece, what: what)
        take(UnsafeRawBufferPointer(piece), first + done * stride, stride)
        done += count
      }
    }
    switch order {
    case .rowMajor: try run(rows * columns, 0, 1)
    case .columnMajor:
      // The row runs fastest, then the second index: every run of `rows` elements is one column of the table.
      let tail = Array(shape.dropFirst())
      var index = [Int](repeating: 0, count: tail.count)
      for _ in 0..<columns {
        var column = 0
        for (size, position) in zip(tail, index) { column = column * size + position }
        try run(rows, column, columns)
        for axis in tail.indices {
          index[axis] += 1
          if index[axis] < tail[axis] { break }
          index[axis] = 0
        }
      }
    }
  }
}

/// An array of `count` elements that `fill` writes in full, or fails.
private func filled<Element: BitwiseCopyable>(
  _ count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) throws(DataError) -> Void
) throws(DataError) -> [Element] {
  var failure: DataError?
  let array = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
    do throws(DataError) {
      try fill(buffer)
      initialized = count
    } catch {
      failure = error
    }
  }
  if let failure { throw failure }
  return array
}
