import CVAE

extension JSON {
  /// Adds the terms of a loss under the names that they have everywhere; `prefix` is "" or "validation_".
  mutating func append(_ loss: VAE.Loss, prefix: String = "") {
    append(prefix + "examples", .integer(loss.examples))
    append(prefix + "loss", .number(loss.loss))
    append(prefix + "reconstruction", .number(loss.reconstruction))
    append(prefix + "kl", .number(loss.kl))
    append(prefix + "negative_elbo", .number(loss.negativeELBO))
    append(prefix + "penalty", .number(loss.penalty))
  }
}

extension EpochLine {
  /// The terms of `loss` as `objective` adds them up, outside of any epoch.
  init(_ loss: VAE.Loss, objective: VAE.Objective) {
    self.init(
      epoch: 0, epochs: 0, fraction: 0, loss: loss.loss, reconstruction: loss.reconstruction, kl: loss.kl,
      penalty: loss.penalty, beta: objective.beta, isBound: objective.kind != .elbo, examplesPerSecond: 0)
  }
}

/// What `--objective`, `--samples`, `--beta` and `--binarize` say together.
func chosenObjective(_ arguments: Arguments, command: String) throws(UsageError) -> VAE.Objective {
  let samples = arguments[Shared.samples]
  let binarization = VAE.Objective.Binarization(arguments[Shared.binarize]) ?? .none
  guard arguments[Shared.objective] == "iwae" else {
    return .elbo(samples: samples, beta: arguments[Shared.beta]).binarized(binarization)
  }
  if arguments[Shared.beta] != 1 {
    throw UsageError(
      "\(command): \(arguments.text(Shared.beta)) does not go with --objective iwae, which takes no beta")
  }
  return .importanceWeighted(samples: samples).binarized(binarization)
}
