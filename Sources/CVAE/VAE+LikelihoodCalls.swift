internal import CLibVAE

extension VAE {
  /// The parameters of p(x|z) at a number of latent vectors.
  public struct LikelihoodParameters: Sendable, Hashable {
    /// Their names, in order: ``VAE/Likelihood/Kind/parameterNames``.
    public let names: [String]

    /// One matrix `[n, inputDimension]` for each name, one after the other.
    public let values: [Float]

    /// The matrix of that name, `[n, inputDimension]`; nil where the likelihood has none.
    public subscript(name: String) -> [Float]? {
      guard let index = names.firstIndex(of: name) else { return nil }
      let size = values.count / names.count
      return Array(values[(index * size)..<((index + 1) * size)])
    }
  }

  /// The parameters of p(x|z) at each latent vector: probabilities, locations and scales, rates, …
  ///
  /// ```swift
  /// let parameters = try model.likelihoodParameters(z)
  /// if let scale = parameters["scale"] { print(scale) }
  /// ```
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  /// - Returns: ``Likelihood/Kind/parameterNames`` and a matrix `[n, inputDimension]` of each.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong number of values, `.data` where one is not finite.
  public func likelihoodParameters(
    _ z: [Float], given condition: Condition? = nil
  ) throws(VAEError) -> LikelihoodParameters {
    let names = configuration.likelihood.kind.parameterNames
    return try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      let count = try product(names.count, rows, configuration.inputDimension, what: "likelihoodParameters")
      let values = try makeFloats(count, what: "likelihoodParameters") { values throws(VAEError) in
        try withWorkspace { workspace throws(VAEError) in
          try check { vae_model_likelihood_parameters(handle, workspace, z, rows, condition, values, $0) }
        }
      }
      return LikelihoodParameters(names: names, values: values)
    }
  }

  /// The expectation of x under p(x|z) at each latent vector, of a continuous Bernoulli, too, where decoding gives its
  /// parameter.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  /// - Returns: `[n, inputDimension]`.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong number of values, `.data` where one is not finite, `.unsupported` for
  ///   Student's t with 1 degree of freedom or less, which has no expectation.
  public func likelihoodMean(_ z: [Float], given condition: Condition? = nil) throws(VAEError) -> [Float] {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      try makeFloats(product(rows, configuration.inputDimension, what: "likelihoodMean"), what: "likelihoodMean") {
        mean throws(VAEError) in try likelihoodMean(z, rows, condition, mean)
      }
    }
  }

  /// ``likelihoodMean(_:given:)`` from and into memory of your own; copies and allocates nothing once the model is warm.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  ///   - output: receives `[n, inputDimension]`.
  /// - Throws: as ``likelihoodMean(_:given:)``; also `.mismatch` where `output` has another size.
  public func likelihoodMean(
    _ z: Span<Float>, given condition: Condition? = nil, into output: inout MutableSpan<Float>
  ) throws(VAEError) {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      try fill(&output, rows, configuration.inputDimension, "output") { output throws(VAEError) in
        try likelihoodMean(z, rows, condition, output)
      }
    }
  }

  /// A draw from p(x|z) at each latent vector: black and white for a Bernoulli, whole counts for a Poisson likelihood.
  ///
  /// Rows are numbered, and a seed fixes the draw of each, whatever is drawn beside it.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Returns: `[n, inputDimension]`.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong number of values, `.data` where one is not finite.
  public func likelihoodSamples(
    _ z: [Float], given condition: Condition? = nil, seed: UInt64 = 0, firstRow: UInt64 = 0
  ) throws(VAEError) -> [Float] {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      let count = try product(rows, configuration.inputDimension, what: "likelihoodSamples")
      return try makeFloats(count, what: "likelihoodSamples") { samples throws(VAEError) in
        try likelihoodSamples(z, rows, condition, seed, firstRow, samples)
      }
    }
  }

  /// ``likelihoodSamples(_:given:seed:firstRow:)`` from and into memory of your own; copies and allocates nothing once the model
  /// is warm.
  ///
  /// - Parameters:
  ///   - z: `[n, latentDimension]`, row-major.
  ///   - condition: n rows, or one for all; nil for a model without a condition.
  ///   - output: receives `[n, inputDimension]`.
  ///   - seed: of the random stream.
  ///   - firstRow: the number of the first row in that stream.
  /// - Throws: as ``likelihoodSamples(_:given:seed:firstRow:)``; also `.mismatch` where `output` has another size.
  public func likelihoodSamples(
    _ z: Span<Float>, given condition: Condition? = nil, into output: inout MutableSpan<Float>, seed: UInt64 = 0,
    firstRow: UInt64 = 0
  ) throws(VAEError) {
    try withLatents(z, condition) { z, rows, condition throws(VAEError) in
      try fill(&output, rows, configuration.inputDimension, "output") { output throws(VAEError) in
        try likelihoodSamples(z, rows, condition, seed, firstRow, output)
      }
    }
  }

  private func likelihoodMean(
    _ z: UnsafePointer<Float>?, _ rows: Int, _ condition: UnsafePointer<vae_condition>?,
    _ mean: UnsafeMutablePointer<Float>?
  ) throws(VAEError) {
    try withWorkspace { workspace throws(VAEError) in
      try check { vae_model_likelihood_mean(handle, workspace, z, rows, condition, mean, $0) }
    }
  }

  private func likelihoodSamples(
    _ z: UnsafePointer<Float>?, _ rows: Int, _ condition: UnsafePointer<vae_condition>?, _ seed: UInt64,
    _ firstRow: UInt64, _ samples: UnsafeMutablePointer<Float>?
  ) throws(VAEError) {
    try withWorkspace { workspace throws(VAEError) in
      try check {
        vae_model_likelihood_samples(handle, workspace, z, rows, condition, seed, firstRow, samples, $0)
      }
    }
  }
}
