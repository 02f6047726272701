import CVAE

private func scheduleText(_ schedule: LearningRateSchedule) -> String {
  switch schedule.kind {
  case .exponential: "times \(shortest(schedule.decay)) an epoch"
  case .cosine: "a cosine to \(shortest(schedule.floor)) over \(shortest(schedule.epochs)) epochs"
  case .steps:
    "times \(shortest(schedule.decay)) after epochs \(schedule.milestones.map(String.init).joined(separator: ", "))"
  default: "\(schedule.kind)"
  }
}

private func warmUpText(_ warmUp: WarmUp) -> String {
  let cycles = warmUp.kind == .cyclic ? ", \(plural(warmUp.cycles, "cycle")) rising for \(shortest(warmUp.share))" : ""
  return "\(warmUp.kind), \(shortest(warmUp.epochs)) epochs\(cycles)"
}

/// What is written only where it was asked for.
func trainingDetails(_ training: TrainingConfiguration) -> [String] {
  var lines: [String] = []
  if training.schedule.kind != .constant { lines.append("schedule     \(scheduleText(training.schedule))") }
  if training.warmUp.kind != .none { lines.append("warm-up      \(warmUpText(training.warmUp))") }
  if training.dropout > 0 { lines.append("dropout      \(shortest(training.dropout))") }
  if training.capacityEpochs > 0 {
    lines.append("capacity     rises over \(shortest(training.capacityEpochs)) epochs")
  }
  if training.clipNorm > 0 { lines.append("clipping     gradient norm \(shortest(training.clipNorm))") }
  if training.patience > 0 { lines.append("patience     \(plural(training.patience, "epoch"))") }
  if training.objective.binarization != .none { lines.append("binarisation \(training.objective.binarization)") }
  return lines
}

/// "elbo, 1 latent sample, beta 4", and what is added to the bound.
func objectiveText(_ objective: VAE.Objective) -> String {
  var parts = ["\(objective.kind)", plural(objective.samples, "latent sample")]
  if objective.kind == .elbo { parts.append("beta \(shortest(objective.beta))") }
  if objective.estimator != .plain { parts.append("\(objective.estimator) gradient") }
  if objective.freeBits > 0 { parts.append("free bits \(shortest(objective.freeBits))") }
  if objective.capacityWeight > 0 {
    parts.append("capacity \(shortest(objective.capacity)) nats with weight \(shortest(objective.capacityWeight))")
  }
  let regularizer = objective.regularizer
  if regularizer.kind != .none {
    let diagonal = regularizer.diagonalWeight == 0 ? "" : ", diagonal \(shortest(regularizer.diagonalWeight))"
    parts.append("\(regularizer.kind) with weight \(shortest(regularizer.weight))\(diagonal)")
  }
  return parts.joined(separator: ", ")
}

/// "standard", "conditional through 500 relu, 200 relu", "mixture of 10", "vamp of 500".
func priorText(_ prior: VAE.Prior) -> String {
  if prior.kind.hasComponents { return "\(prior.kind) of \(grouped(prior.components))" }
  return prior.kind == .conditional ? "\(prior.kind) through \(layersText(prior.layers))" : "\(prior.kind)"
}

/// "784-400-20-400-784".
func networkText(_ configuration: VAE.Configuration) -> String {
  let sizes =
    [configuration.inputDimension] + configuration.encoder.map(\.units) + [configuration.latentDimension]
    + configuration.decoder.map(\.units) + [configuration.inputDimension]
  return sizes.map(String.init).joined(separator: "-")
}

func layersText(_ layers: [VAE.Layer]) -> String {
  layers.isEmpty ? "linear" : layers.map { "\($0.units) \($0.activation)" }.joined(separator: ", ")
}

func likelihoodText(_ likelihood: VAE.Likelihood) -> String {
  if !likelihood.groups.isEmpty {
    return "\(likelihood.kind), groups of \(likelihood.groups.map(String.init).joined(separator: ",")) columns"
  }
  guard likelihood.kind.isLocated else { return "\(likelihood.kind)" }
  let activation = likelihood.outputActivation
  let sigma = likelihood.sigmaKind == .fixed ? shortest(likelihood.sigma) : "learned (\(likelihood.sigmaKind))"
  return "\(likelihood.kind), sigma \(sigma)"
    + (activation == .identity ? "" : ", mean through \(activation)")
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
