#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `value` with `decimals` digits behind the point, "105.30"; never in scientific notation.
func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  var buffer = [CChar](repeating: 0, count: 400)
  _ = withVaList([Int32(decimals), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
  return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// The shortest text that reads back as `value`, without ".0": "0.001", "1e-08", "128".
func shortest(_ value: Double) -> String {
  let text = "\(value)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// How many digits behind the point suit a loss of this size: about five digits in all.
func lossDecimals(_ value: Double) -> Int {
  switch abs(value) {
  case ..<10: 4
  case ..<100: 3
  case ..<10_000: 2
  default: 1
  }
}

/// A count for people: "950", "54k", "1.3M".
func rounded(_ count: Double) -> String {
  switch count {
  case ..<1000: fixed(count, 0)
  case ..<9950: fixed(count / 1000, 1) + "k"
  case ..<999_500: fixed(count / 1000, 0) + "k"
  default: fixed(count / 1_000_000, 1) + "M"
  }
}

/// A whole number in groups of three: "652,824".
func grouped(_ value: some BinaryInteger) -> String {
  let digits = Array("\(value)")
  var result = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { result += "," }
    result.append(digit)
  }
  return result
}

/// A length of time: "0:04", "12:30", "1:02:03".
func clock(_ seconds: Double) -> String {
  let whole = seconds.isFinite ? Int(min(max(seconds, 0), 1e9).rounded()) : 0
  let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
  let tail = (rest < 10 ? "0" : "") + "\(rest)"
  if hours == 0 { return "\(minutes):\(tail)" }
  return "\(hours):" + (minutes < 10 ? "0" : "") + "\(minutes):\(tail)"
}

/// A file size for people: "812 bytes", "2.61 MB".
func fileSize(_ bytes: some BinaryInteger) -> String {
  switch bytes {
  case ..<10_000: "\(grouped(bytes)) bytes"
  case ..<1_000_000: fixed(Double(bytes) / 1e3, 1) + " kB"
  case ..<1_000_000_000: fixed(Double(bytes) / 1e6, 2) + " MB"
  default: fixed(Double(bytes) / 1e9, 2) + " GB"
  }
}

/// "1 row", "3 rows".
func plural(_ count: some BinaryInteger, _ noun: String) -> String {
  "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
}

/// Seconds on a clock that nobody sets.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
