import CVAE
import Foundation
import Testing

/// 16 inputs, one hidden layer, 3 latents.
let smallConfiguration = VAE.Configuration(input: 16, hidden: [24], latent: 3, activation: .tanh)

/// Steps that take so long that epochs of thousands of rows are reported from within.
let slowTraining = TrainingConfiguration(batchSize: 1, objective: .elbo(samples: 256), seed: 3)

/// Rows of 16 values in [0, 1]: one of four patterns, with noise from a little generator of our own.
func patternRows(_ count: Int, seed: UInt64 = 1) -> [Float] {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  func next() -> Float {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(state >> 40) / Float(1 << 24)
  }
  var values: [Float] = []
  values.reserveCapacity(count * 16)
  for _ in 0..<count {
    let pattern = Int(next() * 4)
    for column in 0..<16 { values.append(column / 4 == pattern ? 0.8 + 0.2 * next() : 0.2 * next()) }
  }
  return values
}

/// A path that no other test has; the file is removed after `body`.
func withTemporaryFile<R>(_ body: (String) throws -> R) rethrows -> R {
  let path = NSTemporaryDirectory() + "cvae-test-\(UUID().uuidString).safetensors"
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// The relative L2 error of `found`.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  guard found.count == expected.count else { return .infinity }
  var error = 0.0
  var size = 0.0
  for (a, b) in zip(found, expected) {
    error += Double(a - b) * Double(a - b)
    size += Double(b) * Double(b)
  }
  return size > 0 ? (error / size).squareRoot() : error.squareRoot()
}

/// The error that `body` throws.
func thrownError(_ body: () throws -> Void) -> VAEError? {
  do {
    try body()
    return nil
  } catch {
    return error as? VAEError
  }
}

/// A value that several threads write.
final class Shared<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value

  init(_ value: Value) { stored = value }

  var value: Value {
    get { lock.withLock { stored } }
    set { lock.withLock { stored = newValue } }
  }

  func update<R>(_ body: (inout Value) -> R) -> R { lock.withLock { body(&stored) } }
}
