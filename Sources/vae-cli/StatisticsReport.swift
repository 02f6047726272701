import CVAE
import VAEData

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let wanted = Option<Bool>.flag(
  "statistics", help: "also measure what can be published: log p(x), its errors, what the latents do")

private let importanceSamples = Option<Int>.count(
  "importance-samples", "N", 1...65536, default: 100,
  help: "samples per example for log p(x); papers take 5000, which takes 50 times as long as 100")

private let aggregateRows = Option<Int?>.count(
  "aggregate-rows", "N", 1...1_000_000_000, shown: "all, but at most 10000",
  help: "rows that stand for the aggregate posterior at a time: the mutual information is at most log N")

private let binWidth = Option<Double?>(
  "bin-width", form: "X", default: nil, shown: "the scale of bytes, none for other numbers",
  help: "what the values were rounded to, for bits per dimension under a density: 1/255 for greys from 0 to 1"
) { text throws(BadValue) in
  guard let scale = ValueScale(text), case .factor(let width) = scale, (1e-30...1e30).contains(width) else {
    throw BadValue(allowed: "a number over 0, or a quotient such as 1/255")
  }
  return Double(width)
}

/// What `--statistics` and the options beside it say.
struct StatisticsOptions: Sendable {
  static let all: [any AnyOption] = [wanted, importanceSamples, aggregateRows, binWidth]

  private let samples: Int
  private let rows: Int?
  private let width: Double?

  /// Nil without `--statistics`.
  init?(_ arguments: Arguments, command: String) throws(UsageError) {
    (samples, rows, width) = (arguments[importanceSamples], arguments[aggregateRows], arguments[binWidth])
    if arguments[wanted] { return }
    if let option = Self.all.first(where: { arguments.has($0) }) {
      throw UsageError("\(command): --\(option.name) says how to measure statistics; it needs --statistics")
    }
    return nil
  }

  func measure(_ model: VAE, _ examples: Examples, seed: UInt64) throws(VAEError) -> VAE.Statistics {
    try model.statistics(
      examples.asRows, samples: samples, binWidth: width, aggregateRows: rows, seed: seed)
  }
}

extension JSON {
  /// The names of the C interface.
  init(_ s: VAE.Statistics) {
    self = [
      "log_evidence": .number(s.logEvidence),
      "standard_error": .number(s.standardError),
      "interval_low": .number(s.intervalLow),
      "interval_high": .number(s.intervalHigh),
      "sampling_error": .number(s.samplingError),
      "importance_samples": .integer(s.samples),
      "effective_samples": .number(s.effectiveSamples),
      "effective_samples_min": .number(s.effectiveSamplesMinimum),
      "few_effective": .integer(s.examplesWithFewEffectiveSamples),
      "reconstruction": .number(s.reconstruction),
      "kl": .number(s.kl),
      "negative_elbo": .number(s.negativeELBO),
      "mutual_information": .number(s.mutualInformation),
      "aggregate_kl": .number(s.aggregateKL),
      "aggregate_rows": .integer(s.aggregateRows),
      "bits_per_dimension": .number(s.bitsPerDimension),
      "bits": .string("\(s.bits)"),
      "active_latents": .integer(s.activeLatents),
      "latent_kl": .array(s.latentKL.map { .number($0) }),
      "latent_variance": .array(s.latentVariance.map { .number($0) }),
      "warnings": .array(s.warnings.map { .string("\($0)") }),
    ]
  }
}

extension VAE.Statistics {
  /// The lines for people; the warnings come last. `isGiven`: the model has a condition c, and the evidence is log p(x|c).
  func report(isGiven: Bool) -> [String] {
    let name = isGiven ? "log p(x|c)" : "log p(x)"
    let nats = { (value: Double) in fixed(value, lossDecimals(logEvidence)) }
    let evidence = [
      entry(name, "\(nats(logEvidence)) nats, by \(plural(samples, "importance sample")) an example"),
      entry("", "95 % interval over examples \(nats(intervalLow)) to \(nats(intervalHigh))"),
      entry("", "standard error \(nats(standardError)); of the sampling alone at least \(nats(samplingError))"),
      entry(
        "effective",
        "\(fixed(effectiveSamples, 1)) samples on average, \(fixed(effectiveSamplesMinimum, 1)) at the least"
      ),
      entry(
        "ELBO", "\(nats(-negativeELBO)) = -(rec \(nats(reconstruction)) + kl \(nats(kl))), \(nats(gap)) below \(name)"),
      entry("bits", "\(fixed(bitsPerDimension, 4)) per dimension: \(meaningOfBits)"),
    ]
    let latents = [
      entry("latents", "\(activeLatents) of \(latentKL.count) are active"),
      entry(
        "kl", "\(nats(kl)) = mutual information \(nats(mutualInformation)) + aggregate posterior's \(nats(aggregateKL))"
      ),
      entry(
        "", "by \(plural(aggregateRows, "row")) at a time, which can show \(nats(log(Double(aggregateRows)))) at most"),
    ]
    return evidence + latents + latentLines + warnings.map { "warning: \($0)" }
  }

  /// The KL of every latent, ten to a line; nothing where the prior mixes, for then the KL is no sum over latents.
  private var latentLines: [String] {
    if latentKL.contains(where: \.isNaN) { return [] }
    return stride(from: 0, to: latentKL.count, by: 10).map { first in
      let values = latentKL[first..<min(first + 10, latentKL.count)].map { fixed($0, 2) }
      return entry(first == 0 ? "kl by latent" : "", values.joined(separator: "  "))
    }
  }

  private var meaningOfBits: String {
    switch bits {
    case .codeLength: "the code length of the data"
    case .crossEntropy: "of greys taken for probabilities, no code length of the greys"
    case .bins: "about the code length of the data as rounded, if the density is smooth over a bin"
    default: "of a density, in units of the data; not a code length"
    }
  }

  private func entry(_ name: String, _ text: String) -> String { padded(name, 13) + text }
}
