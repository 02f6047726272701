internal import CLibVAE

// The forms that copy nothing: input and output in memory of the caller. A buffer pointer has `span` and `mutableSpan`.
extension VAE {
  /// ``encode(_:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`, row-major.
  ///   - mean: receives `[n, latentDimension]`.
  ///   - logvar: receives `[n, latentDimension]`.
  /// - Throws: as ``encode(_:)``; also `.mismatch` where an output has another size.
  public func encode(
    _ x: Span<Float>, mean: inout MutableSpan<Float>, logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    try encode(x, given: nil, mean: &mean, logvar: &logvar)
  }

  /// ``encode(_:)`` of bytes, each of which stands for byte × `scale`, into memory of your own.
  public func encode(
    _ x: Span<UInt8>, scale: Double = 1 / 255, mean: inout MutableSpan<Float>, logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    try encode(x, scale: scale, given: nil, mean: &mean, logvar: &logvar)
  }

  /// The means of ``encode(_:)`` alone, from and into memory of your own.
  public func encode(_ x: Span<Float>, mean: inout MutableSpan<Float>) throws(VAEError) {
    try encode(x, given: nil, mean: &mean)
  }

  /// ``decode(_:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - output: receives `[n, inputDimension]`.
  /// - Throws: as ``decode(_:)``; also `.mismatch` where `output` has another size.
  public func decode(_ z: Span<Float>, into output: inout MutableSpan<Float>) throws(VAEError) {
    try decode(z, given: nil, into: &output)
  }

  /// ``reconstruct(_:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`, row-major.
  ///   - output: receives `[n, inputDimension]`.
  /// - Throws: as ``reconstruct(_:)``; also `.mismatch` where `output` has another size.
  public func reconstruct(_ x: Span<Float>, into output: inout MutableSpan<Float>) throws(VAEError) {
    try reconstruct(x, given: nil, into: &output)
  }

  /// ``sample(count:seed:firstRow:)`` into memory of your own: as many rows as fit.
  ///
  /// - Parameters:
  ///   - output: receives `[n, inputDimension]`; its size must be a whole number of rows.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Throws: ``VAEError`` with `.mismatch` where it is not.
  public func sample(into output: inout MutableSpan<Float>, seed: UInt64 = 0, firstRow: UInt64 = 0) throws(VAEError) {
    try sample(into: &output, given: nil, seed: seed, firstRow: firstRow)
  }
}

// The same given a condition, which shares or borrows its memory, too.
extension VAE {
  /// ``encode(_:mean:logvar:)`` given a condition: n rows, or one for all; nil for a model without one.
  public func encode(
    _ x: Span<Float>, given condition: Condition?, mean: inout MutableSpan<Float>, logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try encode(vae_data(x, dimension: configuration.inputDimension), condition, &mean, &logvar)
    }
  }

  /// ``encode(_:scale:mean:logvar:)`` given a condition: n rows, or one for all; nil for a model without one.
  public func encode(
    _ x: Span<UInt8>, scale: Double = 1 / 255, given condition: Condition?, mean: inout MutableSpan<Float>,
    logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try encode(vae_data(x, scale: scale, dimension: configuration.inputDimension), condition, &mean, &logvar)
    }
  }

  /// ``encode(_:mean:)`` given a condition: n rows, or one for all; nil for a model without one.
  public func encode(
    _ x: Span<Float>, given condition: Condition?, mean: inout MutableSpan<Float>
  ) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try withData(x, condition) { data throws(VAEError) in
        try fill(&mean, data.rows, configuration.latentDimension, "mean") { mean throws(VAEError) in
          try encode(data, mean, nil)
        }
      }
    }
  }

  /// ``decode(_:into:)`` given a condition: n rows, or one for all; nil for a model without one.
  public func decode(
    _ z: Span<Float>, given condition: Condition?, into output: inout MutableSpan<Float>
  ) throws(VAEError) {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      try fill(&output, rows, configuration.inputDimension, "output") { output throws(VAEError) in
        try decode(z, rows, condition, output)
      }
    }
  }

  /// ``reconstruct(_:into:)`` given a condition: n rows, or one for all; nil for a model without one.
  public func reconstruct(
    _ x: Span<Float>, given condition: Condition?, into output: inout MutableSpan<Float>
  ) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try withData(x, condition) { data throws(VAEError) in
        try fill(&output, data.rows, data.columns, "output") { output throws(VAEError) in
          try reconstruct(data, output)
        }
      }
    }
  }

  /// ``sample(into:seed:firstRow:)`` given a condition: as many rows as fit into the output, or one for all; nil for a model
  /// without one.
  public func sample(
    into output: inout MutableSpan<Float>, given condition: Condition?, seed: UInt64 = 0, firstRow: UInt64 = 0
  ) throws(VAEError) {
    let dimension = configuration.inputDimension
    let rows = max(output.count / dimension, 1)
    try fill(&output, rows, dimension, "output") { output throws(VAEError) in
      try configuration.withCondition(condition, rows: rows) { condition throws(VAEError) in
        try sample(rows, condition, seed, firstRow, output, nil)
      }
    }
  }

  private func encode(
    _ data: vae_data, _ condition: Condition?, _ mean: inout MutableSpan<Float>, _ logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    let dimension = configuration.latentDimension
    try withCondition(condition, of: data) { data throws(VAEError) in
      try fill(&mean, data.rows, dimension, "mean") { mean throws(VAEError) in
        try fill(&logvar, data.rows, dimension, "logvar") { logvar throws(VAEError) in
          try encode(data, mean, logvar)
        }
      }
    }
  }

  private func withData<R>(
    _ x: UnsafeBufferPointer<Float>, _ condition: Condition?, _ body: (vae_data) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try withCondition(condition, of: vae_data(x, dimension: configuration.inputDimension), body)
  }

  private func withCondition<R>(
    _ condition: Condition?, of data: vae_data, _ body: (vae_data) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try configuration.withCondition(condition, rows: data.rows) { condition throws(VAEError) in
      var data = data
      data.condition = condition
      return try body(data)
    }
  }

  /// Lets `body` write `rows` rows of `columns` values into the span, which must hold just as many.
  func fill(
    _ span: inout MutableSpan<Float>, _ rows: Int, _ columns: Int, _ what: String,
    _ body: (UnsafeMutablePointer<Float>?) throws(VAEError) -> Void
  ) throws(VAEError) {
    try checkCount(span.count, product(rows, columns, what: what), "\(what) of \(rows) rows of \(columns)")
    try span.withUnsafeMutableBufferPointer { buffer throws(VAEError) in try body(buffer.baseAddress) }
  }
}
