internal import CLibVAE

extension VAE {
  /// What can be published about a model: log p(x) by importance sampling, the parts of its bound, and what its latents do.
  ///
  /// Means over the examples, in nats per example where nothing else is said. `docs/EVALUATION.md` has every formula with
  /// its source, and what each number can and cannot say.
  public struct Statistics: Sendable, Hashable {
    /// n, the number of examples that the means are over.
    public let examples: Int

    /// L, the importance samples of each example.
    public let samples: Int

    /// The estimate of log p(x); on average it lies below.
    public let logEvidence: Double

    /// The standard error of ``logEvidence`` over examples; NaN for one example.
    public let standardError: Double

    /// The ends of the 95 % interval over examples: ``logEvidence`` -+ 1.96 standard errors. They are NaN for one example.
    public let intervalLow: Double
    /// The upper end of the interval that ``intervalLow`` begins.
    public let intervalHigh: Double

    /// What another seed would change: the error of ``logEvidence`` that comes from sampling. It is too small where the
    /// weights are degenerate.
    public let samplingError: Double

    /// (sum of the weights)^2 / sum of their squares, 1 to L: the mean over examples.
    public let effectiveSamples: Double

    /// The smallest of an example.
    public let effectiveSamplesMinimum: Double

    /// How many examples have fewer than 10 effective samples.
    public let examplesWithFewEffectiveSamples: Int

    /// -log p(x|z), mean over the importance samples too.
    public let reconstruction: Double

    /// KL(q(z|x), p(z)), as ``VAE/Loss/kl``.
    public let kl: Double

    /// reconstruction + kl
    public let negativeELBO: Double

    /// The mutual information of x and z under q; at most log of ``aggregateRows``, and too low on average.
    public let mutualInformation: Double

    /// KL(aggregate posterior, p(z)): ``kl`` - ``mutualInformation``, as much too high.
    public let aggregateKL: Double

    /// How many rows stood for the aggregate posterior at a time, at least.
    public let aggregateRows: Int

    /// From ``logEvidence``, in bits; ``bits`` says what it means.
    public let bitsPerDimension: Double

    /// What ``bitsPerDimension`` means.
    public let bits: Bits

    /// How many latents are active: those whose mean under q varies by more than the threshold over the examples.
    public let activeLatents: Int

    /// What to beware of.
    public let warnings: [Warning]

    /// Each latent's share of ``kl``, `[Z]`; NaN for a mixture or a VampPrior, whose divergence has no such parts.
    public let latentKL: [Double]

    /// The variance over examples of each latent's mean under q, `[Z]`.
    public let latentVariance: [Double]

    /// log p(x) of each example, `[n]`.
    public let exampleLogEvidence: [Double]

    /// Effective samples of each example, `[n]`.
    public let exampleEffectiveSamples: [Double]

    /// log p(x) minus the evidence lower bound: an estimate of KL(q, posterior), what the encoder costs.
    public var gap: Double { logEvidence + negativeELBO }
  }

  /// Measures a model on all rows.
  ///
  /// Equal seeds give equal numbers, to the bit, on any number of threads; ``Statistics/logEvidence`` is minus the loss that
  /// ``evaluate(_:objective:seed:)`` finds for the importance-weighted bound with as many samples.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`.
  ///   - samples: importance samples per example, 1 to 65536; papers take 5000. The decoder runs n x samples times.
  ///   - activeVariance: a latent is active where the variance of its mean is over this.
  ///   - binWidth: what the values of x were rounded to, for ``Statistics/bitsPerDimension``; nil: the scale of bytes, none
  ///     for floats.
  ///   - aggregateRows: rows that stand for the aggregate posterior at a time; nil: all, but at most 10,000.
  ///   - seed: of the noise.
  /// - Throws: ``VAEError`` with `.invalidArgument`, `.mismatch`, `.data`, `.notFinite` or `.outOfMemory`.
  public func statistics(
    _ x: some RowSource, samples: Int = 100, activeVariance: Double = 0.01, binWidth: Double? = nil,
    aggregateRows: Int? = nil, seed: UInt64 = 0
  ) throws(VAEError) -> Statistics {
    var options = vae_statistics_options()
    vae_statistics_options_init(&options)
    options.samples = try cSize(samples, "samples")
    options.seed = seed
    options.active_variance = activeVariance
    options.bin_width = binWidth ?? 0
    options.aggregate_rows = try cSize(aggregateRows ?? 0, "aggregateRows")
    return try withData(x) { data throws(VAEError) in
      try withWorkspace { workspace throws(VAEError) in try statistics(data, workspace, options) }
    }
  }

  private func statistics(
    _ data: vae_data, _ workspace: OpaquePointer, _ options: vae_statistics_options
  ) throws(VAEError) -> Statistics {
    var (data, options) = (data, options)
    var result = vae_statistics()
    vae_statistics_init(&result)
    let (latents, rows) = (configuration.latentDimension, data.rows)
    try reserveCheck(floats: product(4, latents + rows, what: "statistics"), what: "statistics")
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: 2 * (latents + rows))
    defer { memory.deallocate() }
    var arrays = vae_statistics_arrays()
    vae_statistics_arrays_init(&arrays)
    arrays.latent_kl = memory
    arrays.latent_variance = memory + latents
    arrays.log_evidence = memory + 2 * latents
    arrays.effective_samples = memory + 2 * latents + rows
    try check { vae_model_statistics(handle, workspace, &data, &options, &result, &arrays, $0) }
    return Statistics(result, arrays, samples: Int(options.samples), latents: latents)
  }
}

extension VAE.Statistics {
  /// What a number of bits per dimension means. The set is open.
  public struct Bits: Sendable, Hashable {
    let number: Int32

    /// The code length of data that the likelihood gives probabilities to: binary values under Bernoulli.
    public static let codeLength = Bits(number: Int32(VAE_BITS_CODE_LENGTH))
    /// Of greys under Bernoulli: the mean code of a black-and-white draw from them, not a code for the greys.
    public static let crossEntropy = Bits(number: Int32(VAE_BITS_CROSS_ENTROPY))
    /// Of a density, in units of the data: it may be negative and changes with the units.
    public static let density = Bits(number: Int32(VAE_BITS_DENSITY))
    /// Of a density times the width of a bin: about the code length of data rounded to such bins.
    public static let bins = Bits(number: Int32(VAE_BITS_BINS))
  }

  /// Something to beware of. Its description says it in words. The set is open.
  public struct Warning: Sendable, Hashable, CustomStringConvertible {
    let flag: UInt32
    /// One sentence with this result's numbers.
    public let description: String

    /// Whether the weights are degenerate: over a tenth of the examples have fewer than 10 effective samples.
    public var isDegenerateWeights: Bool { flag == UInt32(VAE_WARNING_DEGENERATE_WEIGHTS) }
    /// Whether most latents are inactive.
    public var isCollapse: Bool { flag == UInt32(VAE_WARNING_COLLAPSE) }
    /// Whether the mutual information is near the most that its batches can show.
    public var isMutualInformation: Bool { flag == UInt32(VAE_WARNING_MUTUAL_INFORMATION) }
  }
}

extension VAE.Statistics.Bits: CustomStringConvertible {
  /// `"code length"`, `"cross entropy"`, `"density"` or `"bins"`.
  public var description: String { cName(number, vae_bits_name) }
}

extension VAE.Statistics {
  fileprivate init(_ s: vae_statistics, _ arrays: vae_statistics_arrays, samples: Int, latents: Int) {
    let rows = Int(clamping: s.examples)
    self.init(
      examples: rows, samples: samples, logEvidence: s.log_evidence, standardError: s.standard_error,
      intervalLow: s.interval_low, intervalHigh: s.interval_high, samplingError: s.sampling_error,
      effectiveSamples: s.effective_samples, effectiveSamplesMinimum: s.effective_samples_min,
      examplesWithFewEffectiveSamples: Int(clamping: s.few_effective), reconstruction: s.reconstruction, kl: s.kl,
      negativeELBO: s.negative_elbo, mutualInformation: s.mutual_information, aggregateKL: s.aggregate_kl,
      aggregateRows: Int(s.aggregate_rows), bitsPerDimension: s.bits_per_dimension, bits: Bits(number: s.bits),
      activeLatents: Int(s.active_latents), warnings: Self.warnings(s, samples: samples, latents: latents),
      latentKL: copy(arrays.latent_kl, latents), latentVariance: copy(arrays.latent_variance, latents),
      exampleLogEvidence: copy(arrays.log_evidence, rows),
      exampleEffectiveSamples: copy(arrays.effective_samples, rows))
  }

  private static func warnings(_ s: vae_statistics, samples: Int, latents: Int) -> [Warning] {
    let few = Int(VAE_FEW_EFFECTIVE_SAMPLES)
    let words: [(Int, String)] = [
      (
        Int(VAE_WARNING_DEGENERATE_WEIGHTS),
        samples < few
          ? "only \(samples) of the \(few) samples were drawn that an example should have at the least: its log p(x) rests "
            + "on a few draws and is likely too low"
          : "\(s.few_effective) of \(s.examples) examples have fewer than \(few) effective samples of \(samples): their "
            + "log p(x) rests on a few draws and is likely too low"
      ),
      (
        Int(VAE_WARNING_COLLAPSE),
        "posterior collapse: only \(s.active_latents) of \(latents) latents are active, the others say (almost) nothing "
          + "about x"
      ),
      (
        Int(VAE_WARNING_MUTUAL_INFORMATION),
        "the mutual information is near log \(s.aggregate_rows), the most that \(s.aggregate_rows) rows at a time can "
          + "show: it is too low, and the KL of the aggregate posterior too high"
      ),
    ]
    return words.filter { s.warnings & UInt32($0.0) != 0 }
      .map { Warning(flag: UInt32($0.0), description: $0.1) }
  }
}

private func copy(_ values: UnsafeMutablePointer<Double>?, _ count: Int) -> [Double] {
  Array(UnsafeBufferPointer(start: values, count: count))
}
