internal import CLibVAE

extension VAE {
  /// What one mini-batch gives in each example. n examples, K samples, D inputs, Z latents.
  public struct Terms: Sendable, Hashable {
    /// `[n]`: each example's share of the loss.
    public let loss: [Float]
    /// `[n]`: the divergence, as ``VAE/Loss/kl``, in nats.
    public let kl: [Float]
    /// `[n]`: the mean over samples of -log p(x|z), in nats.
    public let reconstruction: [Float]
    /// `[K, n]`: -log p(x|z) of each sample, in nats.
    public let sampleNLL: [Float]
    /// `[n, Z]`: of q(z|x).
    public let mean: [Float]
    /// `[n, Z]`: of q(z|x), in [-20, 20].
    public let logvar: [Float]
    /// `[K, n, Z]`: the latent samples.
    public let z: [Float]
    /// `[K, n, D]`: the likelihood's mean.
    public let output: [Float]
  }

  /// The objective of one mini-batch and its gradient.
  public struct LossAndGradients: Sendable, Hashable {
    /// The means over the mini-batch.
    public let loss: Loss
    /// The terms of each example, where they were asked for.
    public let terms: Terms?
    /// The gradient of the mean loss with respect to each parameter, by its name and in its shape.
    public let gradients: [String: [Float]]
  }

  /// The objective of one mini-batch and its gradient with respect to every parameter, for an optimiser of your own.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`, all of it one mini-batch.
  ///   - objective: what to differentiate.
  ///   - noise: eps of z = mean + exp(logvar / 2) eps, `[K, n, Z]` for K samples; nil draws it from `seed`.
  ///   - seed: of the noise.
  ///   - withTerms: whether to return the terms of each example as well.
  /// - Throws: ``VAEError`` with `.mismatch`, `.data`, `.notFinite` or `.outOfMemory`.
  public func lossAndGradients(
    _ x: some RowSource, objective: Objective = .elbo, noise: [Float]? = nil, seed: UInt64 = 0, withTerms: Bool = false
  ) throws(VAEError) -> LossAndGradients {
    try withData(x) { data throws(VAEError) in
      let memory = try TermsMemory(
        rows: data.rows, withTerms ? Set(TermsMemory.Term.allCases) : [], configuration, samples: objective.samples)
      return try withWorkspace(rows: data.rows) { workspace throws(VAEError) in
        let loss = try withNoise(noise, data.rows, objective) { noise throws(VAEError) in
          try lossAndGradients(data, workspace, objective, noise, seed, memory)
        }
        var gradients: [String: [Float]] = [:]
        for parameter in parameters {
          gradients[parameter.name] = try makeFloats(parameter.count, what: parameter.name) {
            values throws(VAEError) in
            try check { vae_workspace_get_gradient(workspace, parameter.name, values, parameter.count, $0) }
          }
        }
        return LossAndGradients(loss: loss, terms: withTerms ? Terms(memory) : nil, gradients: gradients)
      }
    }
  }

  private func lossAndGradients(
    _ data: vae_data, _ workspace: OpaquePointer, _ objective: Objective, _ noise: UnsafePointer<Float>?,
    _ seed: UInt64, _ memory: TermsMemory
  ) throws(VAEError) -> Loss {
    var data = data
    var objective = try objective.cObjective()
    var terms = memory.terms
    var loss = vae_loss()
    vae_loss_init(&loss)
    try check {
      vae_model_loss_and_gradients(handle, workspace, &data, &objective, noise, seed, &loss, &terms, $0)
    }
    return Loss(loss)
  }

  /// Gives C the caller's noise of `rows` rows, nil where there is none.
  func withNoise<R>(
    _ noise: [Float]?, _ rows: Int, _ objective: Objective,
    _ body: (UnsafePointer<Float>?) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    guard let noise else { return try body(nil) }
    let latent = configuration.latentDimension
    try checkCount(
      noise.count, product(objective.samples, rows, latent, what: "the objective's samples"),
      "noise of \(objective.samples) samples of \(rows) rows of \(latent)")
    return try noise.withUnsafeBufferPointer { buffer throws(VAEError) in try body(buffer.baseAddress) }
  }
}

extension VAE.Terms {
  init(_ memory: TermsMemory) {
    self.init(
      loss: memory.array(.loss), kl: memory.array(.kl), reconstruction: memory.array(.reconstruction),
      sampleNLL: memory.array(.sampleNLL), mean: memory.array(.mean), logvar: memory.array(.logvar),
      z: memory.array(.z), output: memory.array(.output))
  }
}
