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
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try encode(vae_data(x, dimension: configuration.inputDimension), &mean, &logvar)
    }
  }

  /// ``encode(_:)`` of bytes, each of which stands for byte × `scale`, into memory of your own.
  public func encode(
    _ x: Span<UInt8>, scale: Double = 1 / 255, mean: inout MutableSpan<Float>, logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      try encode(vae_data(x, scale: scale, dimension: configuration.inputDimension), &mean, &logvar)
    }
  }

  /// The means of ``encode(_:)`` alone, from and into memory of your own.
  public func encode(_ x: Span<Float>, mean: inout MutableSpan<Float>) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      let data = try vae_data(x, dimension: configuration.inputDimension)
      try fill(&mean, data.rows, configuration.latentDimension, "mean") { mean throws(VAEError) in
        try encode(data, mean, nil)
      }
    }
  }

  /// ``decode(_:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - output: receives `[n, inputDimension]`.
  /// - Throws: as ``decode(_:)``; also `.mismatch` where `output` has another size.
  public func decode(_ z: Span<Float>, into output: inout MutableSpan<Float>) throws(VAEError) {
    let rows = try latentRows(z.count)
    try z.withUnsafeBufferPointer { z throws(VAEError) in
      try fill(&output, rows, configuration.inputDimension, "output") { output throws(VAEError) in
        try decode(z.baseAddress, rows, output)
      }
    }
  }

  /// ``reconstruct(_:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`, row-major.
  ///   - output: receives `[n, inputDimension]`.
  /// - Throws: as ``reconstruct(_:)``; also `.mismatch` where `output` has another size.
  public func reconstruct(_ x: Span<Float>, into output: inout MutableSpan<Float>) throws(VAEError) {
    try x.withUnsafeBufferPointer { x throws(VAEError) in
      let data = try vae_data(x, dimension: configuration.inputDimension)
      try fill(&output, data.rows, data.columns, "output") { output throws(VAEError) in
        try reconstruct(data, output)
      }
    }
  }

  /// ``sample(count:seed:firstRow:)`` into memory of your own: as many rows as fit.
  ///
  /// - Parameters:
  ///   - output: receives `[n, inputDimension]`; its size must be a whole number of rows.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Throws: ``VAEError`` with `.mismatch` where it is not.
  public func sample(into output: inout MutableSpan<Float>, seed: UInt64 = 0, firstRow: UInt64 = 0) throws(VAEError) {
    let dimension = configuration.inputDimension
    let rows = output.count / dimension
    try fill(&output, max(rows, 1), dimension, "output") { output throws(VAEError) in
      try sample(rows, seed, firstRow, output, nil)
    }
  }

  private func encode(
    _ data: vae_data, _ mean: inout MutableSpan<Float>, _ logvar: inout MutableSpan<Float>
  ) throws(VAEError) {
    let dimension = configuration.latentDimension
    try fill(&mean, data.rows, dimension, "mean") { mean throws(VAEError) in
      try fill(&logvar, data.rows, dimension, "logvar") { logvar throws(VAEError) in
        try encode(data, mean, logvar)
      }
    }
  }

  private func fill(
    _ span: inout MutableSpan<Float>, _ rows: Int, _ columns: Int, _ what: String,
    _ body: (UnsafeMutablePointer<Float>?) throws(VAEError) -> Void
  ) throws(VAEError) {
    try checkCount(span.count, product(rows, columns, what: what), "\(what) of \(rows) rows of \(columns)")
    try span.withUnsafeMutableBufferPointer { buffer throws(VAEError) in try body(buffer.baseAddress) }
  }
}
