import Foundation
import Testing

/// A small model of the digits, trained once for all tests that only need some model.
enum SmallModel {
  /// What every test trains: small enough to take a moment.
  static let options = ["--hidden", "16", "--latent", "3", "--threads", "2"]

  private static let folder = Folder()

  private static let trained = Result {
    try Program.run(["train", "digits", "--epochs", "1", "--out", folder("small.safetensors"), "--quiet"] + options)
  }

  /// The path of the model; the file must not be changed.
  static func path() throws -> String {
    let outcome = try trained.get()
    try #require(outcome.code == 0, "\(outcome.errors)")
    return folder("small.safetensors")
  }
}

/// A safetensors file: the header's JSON, and the values behind it.
struct Safetensors {
  let header: [String: Any]
  let values: Data

  init(_ data: Data) throws {
    try #require(data.count >= 8)
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    try #require(data.count >= 8 + length)
    header = try #require(try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any])
    values = Data(data[(8 + length)...])
  }

  /// The JSON under a key of the metadata.
  func metadata(_ key: String) throws -> [String: Any] {
    let metadata = try #require(header["__metadata__"] as? [String: String])
    let text = try #require(metadata[key])
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}

/// The float32 values of a .npy file that this program wrote, and their shape.
struct NPY {
  let shape: [Int]
  let values: [Float]

  init(_ data: Data) throws {
    try #require(data.prefix(6) == Data([0x93] + Array("NUMPY".utf8)))
    let length = Int(data[8]) | Int(data[9]) << 8
    let header = String(decoding: data[10..<10 + length], as: UTF8.self)
    try #require(header.contains("'descr': '<f4', 'fortran_order': False"))
    let inside = try #require(header.split(separator: "(").last?.split(separator: ")").first)
    shape = inside.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    let body = Data(data[(10 + length)...])
    try #require(body.count == 4 * shape.reduce(1, *))
    values = body.withUnsafeBytes { raw in
      (0..<raw.count / 4).map {
        Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
      }
    }
  }
}

/// The cells of a CSV file with a header line.
func csvTable(_ text: String) throws -> (names: [String], rows: [[Double]]) {
  let lines = text.split(separator: "\n")
  let names = try #require(lines.first).split(separator: ",").map(String.init)
  let rows = try lines.dropFirst().map { line in
    try line.split(separator: ",").map { try #require(Double($0), "\($0)") }
  }
  return (names, rows)
}
