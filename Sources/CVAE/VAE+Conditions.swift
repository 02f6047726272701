internal import CLibVAE

// Decoding and sampling given a condition. Calls that read data take it with the rows: see RowSource.given(_:).
extension VAE {
  /// The mean of p(x|z, c) for each latent vector.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  /// - Returns: `[n, inputDimension]`, as ``decode(_:)``.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong number of values, `.data` where one is not finite or a label is none
  ///   of the model's classes.
  public func decode(_ z: [Float], given condition: Condition?) throws(VAEError) -> [Float] {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      try makeFloats(product(rows, configuration.inputDimension, what: "decode"), what: "decode") {
        output throws(VAEError) in try decode(z, rows, condition, output)
      }
    }
  }

  /// New rows given a condition: latent vectors are drawn from the prior, p(z|c) where it is conditional, and decoded.
  ///
  /// Rows are numbered as in ``sample(count:seed:firstRow:)``; the condition has no part in a row's noise.
  ///
  /// - Parameters:
  ///   - count: the number of rows, at least 1; nil for as many as the condition has.
  ///   - condition: `count` rows, or one for all; nil for a model without a condition.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Returns: the means of p(x|z, c), `[count, inputDimension]`.
  /// - Throws: ``VAEError`` with `.invalidArgument`, `.mismatch`, `.data` or `.outOfMemory`.
  public func sample(
    count: Int? = nil, given condition: Condition?, seed: UInt64 = 0, firstRow: UInt64 = 0
  ) throws(VAEError) -> [Float] {
    let count = try rowCount(count, condition)
    return try configuration.withCondition(condition, rows: count) { condition throws(VAEError) in
      try makeFloats(product(count, configuration.inputDimension, what: "count"), what: "sample") {
        output throws(VAEError) in try sample(count, condition, seed, firstRow, output, nil)
      }
    }
  }

  /// New rows given a condition, and the latent vectors that they come from. See ``sample(count:given:seed:firstRow:)``.
  ///
  /// - Returns: `output`: `[count, inputDimension]`; `z`: `[count, latentDimension]`.
  public func sampleWithLatents(
    count: Int? = nil, given condition: Condition?, seed: UInt64 = 0, firstRow: UInt64 = 0
  ) throws(VAEError) -> (output: [Float], z: [Float]) {
    let count = try rowCount(count, condition)
    var output: [Float] = []
    let z = try configuration.withCondition(condition, rows: count) { condition throws(VAEError) in
      try makeFloats(product(count, configuration.latentDimension, what: "count"), what: "sample") {
        z throws(VAEError) in
        output = try makeFloats(product(count, configuration.inputDimension, what: "count"), what: "sample") {
          output throws(VAEError) in try sample(count, condition, seed, firstRow, output, z)
        }
      }
    }
    return (output, z)
  }

  /// `count`, or the rows of the condition where it is nil.
  func rowCount(_ count: Int?, _ condition: Condition?) throws(VAEError) -> Int {
    if let count {
      guard count > 0 else { throw VAEError(.invalidArgument, "count is \(count); it must be at least 1") }
      return count
    }
    guard let condition else {
      throw VAEError(.invalidArgument, "count is nil, and there is no condition to tell the number of rows")
    }
    return try condition.rowCount(dimension: configuration.conditionDimension, what: "condition")
  }

  /// Gives C the latent vectors, their number and the condition.
  func withLatents<R>(
    _ z: [Float], _ condition: Condition?,
    _ body: (UnsafePointer<Float>?, Int, UnsafePointer<vae_condition>?) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try withLatents(z.span, condition, body)
  }

  /// The same for latent vectors in memory of the caller.
  func withLatents<R>(
    _ z: Span<Float>, _ condition: Condition?,
    _ body: (UnsafePointer<Float>?, Int, UnsafePointer<vae_condition>?) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    let rows = try latentRows(z.count)
    return try z.withUnsafeBufferPointer { z throws(VAEError) in
      try configuration.withCondition(condition, rows: rows) { condition throws(VAEError) in
        try body(z.baseAddress, rows, condition)
      }
    }
  }
}
