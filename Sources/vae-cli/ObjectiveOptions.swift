import CVAE

/// What `vae-cli train` may add to the bound that it minimises, and how the bound's gradient is found.
enum ObjectiveOptions {
  static let freeBits = Option<Double>.number(
    "free-bits", NumberRange(0...1e6), default: 0,
    help: "nats that the KL of each latent, averaged over the mini-batch, counts as at least")
  static let capacity = Option<Double?>.number(
    "capacity", NumberRange(0...1e6), shown: "none",
    help: "nats that the KL is held at: --capacity-weight times the distance from it is added to the loss; --beta is 0 "
      + "beside it unless it is given")
  static let capacityWeight = Option<Double>.number(
    "capacity-weight", NumberRange(0...1e6), default: 1000, help: "of the distance from --capacity")
  static let capacityEpochs = Option<Double>.number(
    "capacity-epochs", NumberRange(0...1e9), default: 0,
    help: "how long the capacity takes to rise from 0; 0: it is there from the start")
  static let regularizer = Option<String>.choice(
    "regularizer", ["none", "tc", "dip_i", "dip_ii", "mmd_rbf", "mmd_imq", "sliced_wasserstein"], default: "none",
    help: "added to the loss of a mini-batch as a whole: its total correlation (beta-TC), the covariances of its codes "
      + "(DIP-VAE), or their distance from the prior (InfoVAE, WAE, SWAE): {}")
  static let regularizerWeight = Option<Double>.number(
    "regularizer-weight", NumberRange(-1...1e9), default: 1,
    help: "of the regularizer; of dip_i and dip_ii that of covariances off the diagonal")
  static let regularizerDiagonal = Option<Double?>.number(
    "regularizer-diagonal", NumberRange(0...1e9), shown: "10 times --regularizer-weight for dip_i, else that",
    help: "weight of the variances' distance from 1 (dip_i, dip_ii)")
  static let kernelScale = Option<Double?>.number(
    "kernel-scale", NumberRange(1e-6...1e12), shown: "twice --latent",
    help: "s of the kernels exp(-d/s) and s/(s + d) of squared distances d (mmd_rbf, mmd_imq)")
  static let projections = Option<Int?>.count(
    "projections", "N", 1...65536, shown: "50", help: "random directions (sliced_wasserstein)")
  static let dataRows = Option<Int?>.count(
    "data-rows", "N", 1...1_000_000_000, shown: "those of the data",
    help: "rows of the data set that a total correlation is estimated for (tc)")
  static let estimator = Option<String>.choice(
    "estimator", ["plain", "doubly_reparameterized"], default: "plain",
    help: "of the encoder's gradient of the importance-weighted bound; the second varies less with many samples: {}")

  static let all: [any AnyOption] = [
    freeBits, capacity, capacityWeight, capacityEpochs, regularizer, regularizerWeight, regularizerDiagonal,
    kernelScale, projections, dataRows, estimator,
  ]

  /// The words of ``regularizer`` and of `--objective` that the others go with.
  static let details: [(option: any AnyOption, of: Option<String>, words: [String])] = [
    (regularizerWeight, regularizer, Array(regularizer.choices.dropFirst())),
    (regularizerDiagonal, regularizer, ["dip_i", "dip_ii"]), (kernelScale, regularizer, ["mmd_rbf", "mmd_imq"]),
    (projections, regularizer, ["sliced_wasserstein"]), (dataRows, regularizer, ["tc"]),
    (estimator, Shared.objective, ["iwae"]), (freeBits, Shared.objective, ["elbo"]),
    (capacity, Shared.objective, ["elbo"]), (regularizer, Shared.objective, ["elbo"]),
  ]

  /// What `train` minimises: the bound of `--objective` with all that is added to it.
  static func chosen(_ arguments: Arguments) throws(UsageError) -> VAE.Objective {
    let bound = try chosenObjective(arguments, command: "train")
    guard bound.kind == .elbo else {
      let estimator = VAE.Objective.Estimator(arguments[estimator]) ?? .plain
      return .importanceWeighted(samples: bound.samples, estimator: estimator).binarized(bound.binarization)
    }
    let level = arguments[capacity]
    let beta = level != nil && !arguments.isSet(Shared.beta) ? 0 : bound.beta
    var objective = VAE.Objective.elbo(samples: bound.samples, beta: beta).binarized(bound.binarization)
    if arguments[freeBits] > 0 { objective = objective.withFreeBits(arguments[freeBits]) }
    if let level { objective = objective.withCapacity(level, weight: arguments[capacityWeight]) }
    return objective.regularized(by: chosenRegularizer(arguments))
  }

  private static func chosenRegularizer(_ arguments: Arguments) -> VAE.Objective.Regularizer {
    let kind = VAE.Objective.Regularizer.Kind(arguments[regularizer]) ?? .none
    guard kind != .none else { return .none }
    let weight = arguments[regularizerWeight]
    let isMMD = kind == .mmdRBF || kind == .mmdIMQ
    let diagonal: Double =
      switch kind {
      case .dipI: arguments[regularizerDiagonal] ?? 10 * weight
      case .dipII: arguments[regularizerDiagonal] ?? weight
      default: 0
      }
    return VAE.Objective.Regularizer(
      kind: kind, weight: weight, diagonalWeight: diagonal, kernelScale: isMMD ? arguments[kernelScale] : nil,
      projections: kind == .slicedWasserstein ? arguments[projections] : nil,
      dataRows: kind == .totalCorrelation ? arguments[dataRows] : nil)
  }
}
