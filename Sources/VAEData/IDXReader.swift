// The IDX format of the MNIST files: two zero bytes, a byte for the type, a byte for the number of dimensions, each
// dimension as a big-endian 32-bit number, then the values, big-endian, the last dimension running fastest.

/// The IDX type of an element, and back.
enum IDXType {
  static let unsignedByte: UInt8 = 0x08
  static let float: UInt8 = 0x0d

  static func element(_ code: UInt8) -> ElementType? {
    switch code {
    case unsignedByte: .uint8
    case 0x09: .int8
    case 0x0b: .int16
    case 0x0c: .int32
    case float: .float32
    case 0x0e: .float64
    default: nil
    }
  }

  /// True where the first bytes of a file are those of an IDX file.
  static func isMagic(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && element(bytes[2]) != nil && bytes[3] > 0
  }
}

/// Reads an IDX file of any type and any number of dimensions; `scale` applies to unsigned bytes and, given as a
/// factor, to all.
func readIDX(_ reader: ByteReader, scale: ValueScale) throws(DataError) -> DataTable {
  let layout = try readIDXHeader(reader)
  let used = 4 + 4 * layout.shape.count
  let values: DataTable.Values
  if layout.element == .uint8 {
    let bytes = try layout.readBytes(reader, used: used)
    values = .bytes(bytes, scale: scale.factor ?? ValueScale.byteToUnit)
  } else {
    values = .floats(scale.applied(to: try layout.readFloats(reader, used: used)))
  }
  try reader.expectEnd(after: "the values that the IDX header announces")
  return try DataTable(
    values: values, rows: layout.rows, columns: layout.columns, geometry: layout.geometry, source: reader.source)
}

private func readIDXHeader(_ reader: ByteReader) throws(DataError) -> ArrayLayout {
  let magic = try reader.readBytes(4, what: "the IDX magic")
  guard IDXType.isMagic(magic), let element = IDXType.element(magic[2]) else {
    throw DataError(
      .malformed, reader.source,
      "begins with \(hexBytes(magic)), not with the IDX magic: 00 00, a type (08 09 0b 0c 0d 0e), 01 or more dimensions"
    )
  }
  let sizes = try reader.readBytes(4 * Int(magic[3]), what: "the IDX header with \(magic[3]) dimensions")
  let shape = stride(from: 0, to: sizes.count, by: 4).map { start in
    sizes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
  }
  return try ArrayLayout(element: element, bigEndian: true, order: .rowMajor, shape: shape, source: reader.source)
}

/// Bytes as "00 00 08 03", for messages.
func hexBytes(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
