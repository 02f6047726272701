internal import CLibVAE

extension VAE {
  /// Means over examples, in nats per example, summed over dimensions.
  ///
  /// For the evidence lower bound, loss = reconstruction + beta kl + penalty; for the importance-weighted bound, ``loss`` is
  /// the negative bound itself.
  public struct Loss: Sendable, Hashable {
    /// The number of examples that the means are over.
    public let examples: Int

    /// What is minimised.
    public let loss: Double

    /// -log p(x|z), normalising constants included, mean over samples.
    public let reconstruction: Double

    /// KL(q(z|x), p(z)), not multiplied by beta: in closed form, or the mean over samples of log q(z|x) - log p(z) for priors that
    /// are not one Gaussian.
    public let kl: Double

    /// reconstruction + kl
    public let negativeELBO: Double

    /// What else an objective adds to the loss: beta times what free bits add, the distance from the capacity, the regularizer.
    public let penalty: Double
  }

  /// The terms of each example, for instance to find those that a model does not expect.
  public struct Scores: Sendable, Hashable {
    /// Each example's share of the loss, in nats: the higher, the less the model expects the row.
    public let loss: [Float]

    /// -log p(x|z) of each example, mean over samples, in nats.
    public let reconstruction: [Float]

    /// KL(q(z|x), p(z)) of each example, in nats.
    public let kl: [Float]

    /// The means over all examples.
    public let total: Loss
  }

  /// Measures an objective over all rows.
  ///
  /// The noise belongs to (seed, row, sample): equal seeds give the same result, to the bit, on any number of threads.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`.
  ///   - objective: what to measure.
  ///   - seed: of the noise.
  /// - Throws: ``VAEError`` with `.mismatch`, `.data` or `.notFinite`.
  public func evaluate(
    _ x: some RowSource, objective: Objective = .elbo, seed: UInt64 = 0
  ) throws(VAEError) -> Loss {
    try withData(x) { data throws(VAEError) in
      try withWorkspace { workspace throws(VAEError) in
        try evaluate(data, workspace, objective, seed, nil)
      }
    }
  }

  /// The loss, reconstruction and divergence of each row, as for ``evaluate(_:objective:seed:)``.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`.
  ///   - objective: what to measure; more samples give steadier scores.
  ///   - seed: of the noise.
  /// - Throws: ``VAEError`` with `.mismatch`, `.data` or `.notFinite`.
  public func scores(
    _ x: some RowSource, objective: Objective = .elbo, seed: UInt64 = 0
  ) throws(VAEError) -> Scores {
    try withData(x) { data throws(VAEError) in
      let memory = try TermsMemory(rows: data.rows, [.loss, .reconstruction, .kl], configuration, samples: 1)
      let total = try withWorkspace { workspace throws(VAEError) in
        try evaluate(data, workspace, objective, seed, memory)
      }
      return Scores(
        loss: memory.array(.loss), reconstruction: memory.array(.reconstruction), kl: memory.array(.kl), total: total)
    }
  }

  func evaluate(
    _ data: vae_data, _ workspace: OpaquePointer, _ objective: Objective, _ seed: UInt64, _ memory: TermsMemory?
  ) throws(VAEError) -> Loss {
    var data = data
    var objective = try objective.cObjective()
    var loss = vae_loss()
    vae_loss_init(&loss)
    if let memory {
      var terms = memory.terms
      try check { vae_model_evaluate(handle, workspace, &data, &objective, seed, &loss, &terms, $0) }
    } else {
      try check { vae_model_evaluate(handle, workspace, &data, &objective, seed, &loss, nil, $0) }
    }
    return Loss(loss)
  }
}

extension VAE.Loss {
  init(_ loss: vae_loss) {
    self.init(
      examples: Int(clamping: loss.examples), loss: loss.loss, reconstruction: loss.reconstruction, kl: loss.kl,
      negativeELBO: loss.negative_elbo, penalty: loss.penalty)
  }
}
