// The header of a .npy file (NumPy's NEP 1): "\x93NUMPY", major and minor version, the length of the header as a
// little-endian number of 2 bytes (version 1) or 4 (versions 2 and 3), then a Python dictionary with the keys descr,
// fortran_order and shape.

/// What a .npy file says of its array.
struct NPYHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Real headers have about 120 bytes; this leaves room for every valid one and none for a bad length.
  private static let longest = 1 << 16

  let layout: ArrayLayout
  /// Bytes from the start of the file to the first value.
  let size: Int

  init(_ reader: ByteReader) throws(DataError) {
    let source = reader.source
    let start = try reader.readBytes(8, what: "the .npy magic and version")
    guard Array(start[..<6]) == Self.magic else {
      throw DataError(
        .malformed, source,
        "begins with \(hexBytes(Array(start[..<6]))), not with the .npy magic \(hexBytes(Self.magic))")
    }
    guard (1...3).contains(start[6]) else {
      throw DataError(.malformed, source, "is of .npy version \(start[6]).\(start[7]); allowed are 1.0, 2.0 and 3.0")
    }
    let sizeBytes = try reader.readBytes(start[6] == 1 ? 2 : 4, what: "the length of the .npy header")
    let length = sizeBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longest else {
      throw DataError(.malformed, source, "announces a .npy header of \(length) bytes; allowed are \(Self.longest)")
    }
    let text = try reader.readBytes(length, what: "the .npy header")
    var parser = DictionaryParser(text: text, source: source)
    let fields = try parser.parse()
    let (element, bigEndian) = try Self.element(fields.descr, source: source)
    guard (1...4).contains(fields.shape.count) else {
      throw DataError(.shape, source, "has \(fields.shape.count) dimensions; allowed are 1 to 4")
    }
    size = 8 + sizeBytes.count + length
    layout = try ArrayLayout(
      element: element, bigEndian: bigEndian, order: fields.fortranOrder ? .columnMajor : .rowMajor,
      shape: fields.shape,
      source: source)
  }

  private static func element(_ descr: String, source: String) throws(DataError) -> (ElementType, bigEndian: Bool) {
    let order = descr.first ?? " "
    let element: ElementType? =
      switch descr.dropFirst() {
      case "f4": .float32
      case "f8": .float64
      case "u1", "b1": .uint8
      case "i1": .int8
      case "i2": .int16
      case "u2": .uint16
      case "i4": .int32
      case "u4": .uint32
      case "i8": .int64
      case "u8": .uint64
      default: nil
      }
    guard let element, "<>=|".contains(order), order != "|" || element.size == 1 else {
      throw DataError(
        .malformed, source,
        "holds values of the type \(quoted(descr)); allowed are float32, float64, uint8 and integers")
    }
    return (element, order == ">")
  }
}

/// Reads the one form of Python dictionary that a .npy header may hold, and nothing else of Python.
private struct DictionaryParser {
  struct Fields {
    var descr = ""
    var fortranOrder = false
    var shape: [Int] = []
  }

  let text: [UInt8]
  let source: String
  private var position = 0

  init(text: [UInt8], source: String) {
    self.text = text
    self.source = source
  }

  mutating func parse() throws(DataError) -> Fields {
    var fields = Fields()
    var seen: [String] = []
    try expect("{")
    while !take("}") {
      let key = try string()
      if seen.contains(key) { throw problem("has the key \(quoted(key)) twice") }
      seen.append(key)
      try expect(":")
      switch key {
      case "descr":
        if peek() == UInt8(ascii: "[") {
          throw problem("describes records with several fields; allowed is one number type")
        }
        fields.descr = try string()
      case "fortran_order": fields.fortranOrder = try boolean()
      case "shape": fields.shape = try shape()
      default: throw problem("has the unknown key \(quoted(key)); allowed are descr, fortran_order and shape")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) {
      throw problem("has no key \"\(key)\"")
    }
    if peek() != nil { throw problem("goes on after its closing brace") }
    return fields
  }

  private func problem(_ what: String) -> DataError { DataError(.malformed, source, "the .npy header \(what)") }

  /// The next byte that is not blank; nil at the end.
  private mutating func peek() -> UInt8? {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
    return position < text.count ? text[position] : nil
  }

  private mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: sign) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(DataError) {
    if !take(sign) { throw problem("is damaged: \"\(sign)\" is missing at its byte \(position)") }
  }

  private mutating func string() throws(DataError) -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw problem("is damaged: a quoted text is missing at its byte \(position)")
    }
    position += 1
    let start = position
    while position < text.count, text[position] != quote { position += 1 }
    guard position < text.count else { throw problem("is damaged: a quoted text has no end") }
    position += 1
    return String(decoding: text[start..<position - 1], as: UTF8.self)
  }

  private mutating func boolean() throws(DataError) -> Bool {
    _ = peek()
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw problem("has no True or False for fortran_order")
  }

  private mutating func shape() throws(DataError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !take(")") {
      guard peek() != nil else { throw problem("is damaged: the shape has no end") }
      sizes.append(try number())
      if sizes.count > 64 { throw DataError(.shape, source, "has more than 64 dimensions; allowed are 1 to 4") }
      if !take(",") {
        try expect(")")
        break
      }
    }
    return sizes
  }

  private mutating func number() throws(DataError) -> Int {
    let start = position
    while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    guard !digits.isEmpty else { throw problem("has a shape with something else than whole numbers of 0 or more") }
    guard let value = Int(digits) else {
      throw DataError(
        .malformed, source, "the header gives a size of \(printableDigits(digits)), more than any memory holds")
    }
    // Python 2 wrote long numbers with an L.
    if position < text.count, text[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private func printableDigits(_ digits: String) -> String {
    digits.count > 24 ? digits.prefix(24) + "..." : digits
  }
}

/// Reads a .npy file: rows first, further dimensions flattened into columns.
///
/// - Parameters:
///   - unitInterval: the values will be used where [0, 1] is expected: bytes of which one is over 1 are then divided by
///     255.
func readNPY(_ reader: ByteReader, scale: ValueScale, unitInterval: Bool) throws(DataError) -> DataTable {
  let header = try NPYHeader(reader)
  let layout = header.layout
  let values: DataTable.Values
  if layout.element == .uint8 {
    let bytes = try layout.readBytes(reader, used: header.size)
    let isGrey = unitInterval && bytes.contains { $0 > 1 }
    values = .bytes(bytes, scale: scale.factor ?? (isGrey ? ValueScale.byteToUnit : 1))
  } else {
    values = .floats(scale.applied(to: try layout.readFloats(reader, used: header.size)))
  }
  try reader.expectEnd(after: "the array that the .npy header announces")
  return try DataTable(
    values: values, rows: layout.rows, columns: layout.columns, geometry: layout.geometry, source: reader.source)
}
