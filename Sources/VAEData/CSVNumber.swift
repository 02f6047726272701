/// Reads a decimal number; nil where `text` is not one.
///
/// Allowed: blanks around it, a sign, digits with at most one point, an exponent; `nan`, `inf` and `infinity` in any
/// case. The result is the float nearest to the number (infinity past the largest). No locale plays a part.
func parseNumber(_ text: UnsafeBufferPointer<UInt8>) -> Float? {
  var position = text.startIndex
  var end = text.endIndex
  while position < end, isBlank(text[position]) { position += 1 }
  while end > position, isBlank(text[end - 1]) { end -= 1 }
  let start = position
  var isNegative = false
  if position < end, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
    isNegative = text[position] == UInt8(ascii: "-")
    position += 1
  }
  var mantissa: UInt64 = 0
  var digits = 0
  var significant = 0
  var exponent = 0
  var sawPoint = false
  while position < end {
    let byte = text[position]
    if byte &- 0x30 < 10 {
      digits += 1
      if significant > 0 || byte != 0x30 { significant += 1 }
      if significant <= 19 { mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30) }
      if sawPoint { exponent -= 1 }
    } else if byte == UInt8(ascii: "."), !sawPoint {
      sawPoint = true
    } else {
      break
    }
    position += 1
  }
  if digits == 0 {
    guard !sawPoint, let value = parseWord(text[position..<end]) else { return nil }
    return isNegative ? -value : value
  }
  if position < end, text[position] | 0x20 == UInt8(ascii: "e") {
    position += 1
    var isDown = false
    if position < end, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
      isDown = text[position] == UInt8(ascii: "-")
      position += 1
    }
    var power = 0
    let first = position
    while position < end, text[position] &- 0x30 < 10 {
      power = min(power * 10 + Int(text[position] &- 0x30), 1_000_000)
      position += 1
    }
    if position == first { return nil }
    exponent += isDown ? -power : power
  }
  if position != end { return nil }
  if significant <= 19, let value = exactFloat(mantissa, exponent) { return isNegative ? -value : value }
  return Float(String(decoding: text[start..<end], as: UTF8.self))
}

/// As the form for buffers, for text of a few bytes.
func parseNumber(_ text: [UInt8]) -> Float? {
  text.withUnsafeBufferPointer { parseNumber($0) }
}

/// mantissa * 10^exponent where one operation in Double gives it; nil where the long way is needed.
///
/// Both factors are exact in Double, so the one operation rounds once (Clinger 1990). Rounding again to Float is wrong
/// only where the double lies half way between two floats, or where floats are subnormal.
private func exactFloat(_ mantissa: UInt64, _ exponent: Int) -> Float? {
  if exponent == 0, mantissa < 1 << 24 { return Float(mantissa) }
  guard mantissa < 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
  let whole = Double(mantissa)
  let value = exponent < 0 ? whole / powersOfTen[-exponent] : whole * powersOfTen[exponent]
  if value == 0 { return 0 }
  let isHalfWay = value.bitPattern & 0x1fff_ffff == 0x1000_0000
  guard !isHalfWay, value >= Double(Float.leastNormalMagnitude), value <= 3e38 else { return nil }
  return Float(value)
}

private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21,
  1e22,
]

private func parseWord(_ word: Slice<UnsafeBufferPointer<UInt8>>) -> Float? {
  guard word.count <= 8 else { return nil }
  let lower = word.map { $0 | 0x20 }
  if lower.elementsEqual("nan".utf8) { return .nan }
  if lower.elementsEqual("inf".utf8) || lower.elementsEqual("infinity".utf8) { return .infinity }
  return nil
}

/// Space or tab.
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
