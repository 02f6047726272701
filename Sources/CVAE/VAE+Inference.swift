internal import CLibVAE

extension VAE {
  /// The approximate posterior q(z|x) of a number of rows: a diagonal Gaussian for each.
  public struct Posterior: Sendable, Hashable {
    /// `[count, dimension]`, row-major.
    public let mean: [Float]

    /// The logarithm of the variance, `[count, dimension]`, row-major, in [-20, 20].
    public let logvar: [Float]

    /// Z, the length of a latent vector.
    public let dimension: Int

    /// The number of rows.
    public var count: Int { mean.count / dimension }
  }

  /// The approximate posterior q(z|x) of each row.
  ///
  /// - Parameter x: `[n, inputDimension]`.
  /// - Returns: means and log-variances, `[n, latentDimension]` each.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong shape, `.data` for a value that the likelihood cannot take.
  public func encode(_ x: some RowSource) throws(VAEError) -> Posterior {
    let dimension = configuration.latentDimension
    return try withData(x) { data throws(VAEError) in
      let count = try product(data.rows, dimension, what: "encode")
      var logvar: [Float] = []
      let mean = try makeFloats(count, what: "encode") { mean throws(VAEError) in
        logvar = try makeFloats(count, what: "encode") { logvar throws(VAEError) in
          try encode(data, mean, logvar)
        }
      }
      return Posterior(mean: mean, logvar: logvar, dimension: dimension)
    }
  }

  /// The mean of p(x|z) for each latent vector.
  ///
  /// - Parameter z: `[n, latentDimension]`, row-major.
  /// - Returns: `[n, inputDimension]`: the likelihood's mean: probabilities, locations, rates; of a continuous Bernoulli its
  ///   parameter.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong number of values, `.data` where one is not finite.
  public func decode(_ z: [Float]) throws(VAEError) -> [Float] { try decode(z, given: nil) }

  /// What the decoder makes of each row's posterior mean.
  ///
  /// - Parameter x: `[n, inputDimension]`.
  /// - Returns: `[n, inputDimension]`.
  /// - Throws: as ``encode(_:)``.
  public func reconstruct(_ x: some RowSource) throws(VAEError) -> [Float] {
    try withData(x) { data throws(VAEError) in
      try makeFloats(product(data.rows, data.columns, what: "reconstruct"), what: "reconstruct") {
        output throws(VAEError) in try reconstruct(data, output)
      }
    }
  }

  /// New rows: latent vectors are drawn from the prior and decoded.
  ///
  /// Rows are numbered, and a seed fixes each of them: `sample(count: 10)` gives the same rows as
  /// `sample(count: 4)` followed by `sample(count: 6, firstRow: 4)`.
  ///
  /// - Parameters:
  ///   - count: the number of rows, at least 1.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Returns: the means of p(x|z), `[count, inputDimension]`.
  /// - Throws: ``VAEError`` with `.invalidArgument` or `.outOfMemory`.
  public func sample(count: Int, seed: UInt64 = 0, firstRow: UInt64 = 0) throws(VAEError) -> [Float] {
    try sample(count: count, given: nil, seed: seed, firstRow: firstRow)
  }

  /// New rows and the latent vectors that they come from. See ``sample(count:seed:firstRow:)``.
  ///
  /// - Returns: `output`: `[count, inputDimension]`; `z`: `[count, latentDimension]`.
  public func sampleWithLatents(
    count: Int, seed: UInt64 = 0, firstRow: UInt64 = 0
  ) throws(VAEError) -> (output: [Float], z: [Float]) {
    try sampleWithLatents(count: count, given: nil, seed: seed, firstRow: firstRow)
  }
}

// One thin function for each of C's, under the array forms above and the span forms.
extension VAE {
  func withData<R>(_ x: some RowSource, _ body: (vae_data) throws(VAEError) -> R) throws(VAEError) -> R {
    try x.rows.withData(for: configuration, body)
  }

  func encode(
    _ data: vae_data, _ mean: UnsafeMutablePointer<Float>?, _ logvar: UnsafeMutablePointer<Float>?
  ) throws(VAEError) {
    var data = data
    try withWorkspace { workspace throws(VAEError) in
      try check { vae_model_encode(handle, workspace, &data, mean, logvar, $0) }
    }
  }

  func decode(
    _ z: UnsafePointer<Float>?, _ rows: Int, _ condition: UnsafePointer<vae_condition>?,
    _ output: UnsafeMutablePointer<Float>?
  ) throws(VAEError) {
    try withWorkspace { workspace throws(VAEError) in
      try check { vae_model_decode_given(handle, workspace, z, rows, condition, output, $0) }
    }
  }

  func reconstruct(_ data: vae_data, _ output: UnsafeMutablePointer<Float>?) throws(VAEError) {
    var data = data
    try withWorkspace { workspace throws(VAEError) in
      try check { vae_model_reconstruct(handle, workspace, &data, output, $0) }
    }
  }

  func sample(
    _ count: Int, _ condition: UnsafePointer<vae_condition>?, _ seed: UInt64, _ firstRow: UInt64,
    _ output: UnsafeMutablePointer<Float>?, _ z: UnsafeMutablePointer<Float>?
  ) throws(VAEError) {
    try withWorkspace { workspace throws(VAEError) in
      try check { vae_model_sample_given(handle, workspace, seed, firstRow, count, condition, output, z, $0) }
    }
  }

  func latentRows(_ count: Int) throws(VAEError) -> Int {
    let dimension = configuration.latentDimension
    guard count > 0 else { throw VAEError(.invalidArgument, "z: no rows; at least one is needed") }
    guard count % dimension == 0 else {
      throw VAEError(
        .mismatch, "z: \(count) values are no whole number of rows of \(dimension), the model's latent dimension")
    }
    return count / dimension
  }
}
