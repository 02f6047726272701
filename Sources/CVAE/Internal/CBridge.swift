internal import CLibVAE

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension VAEError {
  init(_ status: vae_status, _ error: vae_error) {
    let message = withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let code = Code(rawValue: status)
    self.init(code, message.isEmpty ? code.description : message)
  }
}

/// Calls a C function and throws what it reports.
func check(_ call: (UnsafeMutablePointer<vae_error>) -> vae_status) throws(VAEError) {
  var error = vae_error()
  vae_error_init(&error)
  let status = call(&error)
  if status != Int32(VAE_OK) { throw VAEError(status, error) }
}

/// The name that a C function gives to a number.
func cName(_ number: Int32, _ name: (Int32) -> UnsafePointer<CChar>?) -> String {
  name(number).map { String(cString: $0) } ?? "unknown (\(number))"
}

/// Every number from 0 that a C function has a name for: so new ones need no change here.
func cNumbers(_ name: (Int32) -> UnsafePointer<CChar>?) -> [Int32] {
  Array((0 as Int32..<1024).prefix { name($0) != nil })
}

/// The number with that name.
func cNumber(named text: String, _ name: (Int32) -> UnsafePointer<CChar>?) -> Int32? {
  cNumbers(name).first { cName($0, name) == text }
}

/// `value` as a C size; `what` names it where it does not fit.
func cSize<T: FixedWidthInteger>(_ value: Int, _ what: String, as type: T.Type = T.self) throws(VAEError) -> T {
  guard value >= 0, let size = T(exactly: value) else {
    throw VAEError(.invalidArgument, "\(what) is \(value); it must lie between 0 and \(T.max)")
  }
  return size
}

/// The product of sizes, each not negative.
func product(_ sizes: Int..., what: String) throws(VAEError) -> Int {
  var result = 1
  for size in sizes {
    guard size >= 0 else { throw VAEError(.invalidArgument, "\(what) is \(size); it must not be negative") }
    let (next, overflow) = result.multipliedReportingOverflow(by: size)
    if overflow { throw tooMuchMemory(what) }
    result = next
  }
  return result
}

private func tooMuchMemory(_ what: String) -> VAEError {
  VAEError(.outOfMemory, "\(what): there is not enough memory for the result")
}

/// Throws where the system would not give that many floats. Swift's own arrays end the process instead.
func reserveCheck(floats count: Int, what: String) throws(VAEError) {
  guard count > 1 << 24 else { return }
  let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
  guard !overflow, bytes < Int.max / 2 else { throw tooMuchMemory(what) }
  // A mapping, since the optimiser takes a malloc that is freed at once for one that succeeds.
  let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | Int32(MAP_ANONYMOUS), -1, 0)
  guard memory != MAP_FAILED else { throw tooMuchMemory(what) }
  munmap(memory, bytes)
}

/// An array of `count` floats that `body` fills to the last.
func makeFloats(
  _ count: Int, what: String, _ body: (UnsafeMutablePointer<Float>?) throws(VAEError) -> Void
) throws(VAEError) -> [Float] {
  try reserveCheck(floats: count, what: what)
  return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized throws(VAEError) in
    try body(buffer.baseAddress)
    initialized = count
  }
}

/// Throws where an argument has not as many values as it must.
func checkCount(_ found: Int, _ expected: Int, _ what: @autoclosure () -> String) throws(VAEError) {
  guard found == expected else {
    throw VAEError(.mismatch, "\(what()): \(found) values, but \(expected) are needed")
  }
}
