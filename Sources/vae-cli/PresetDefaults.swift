import CVAE

extension VAE.Preset {
  /// Its values as defaults of the options of `vae-cli train`. What `arguments` say on their own stands above them; an
  /// option that replaces several (`--hidden`) takes all of those away.
  func fallbacks(beside arguments: Arguments) -> Fallbacks {
    var result = Fallbacks()
    putModel(into: &result, beside: arguments)
    putObjective(into: &result, beside: arguments)
    putTraining(into: &result)
    return result
  }

  private func putModel(into result: inout Fallbacks, beside arguments: Arguments) {
    if !arguments.has(TrainOptions.hidden) {
      result.set(TrainOptions.encoder, configuration.encoder.map(\.units))
      result.set(TrainOptions.decoder, configuration.decoder.map(\.units))
    }
    if let activation = configuration.encoder.first?.activation {
      result.set(TrainOptions.activation, "\(activation)")
    }
    if !arguments.has(TrainOptions.activation), let activation = configuration.decoder.first?.activation {
      result.set(TrainOptions.decoderActivation, "\(activation)")
    }
    result.set(TrainOptions.latent, configuration.latentDimension)
    let likelihood = configuration.likelihood
    result.set(TrainOptions.likelihood, "\(likelihood.kind)")
    if likelihood.kind.isLocated {
      let isFixed = likelihood.sigmaKind == .fixed
      result.set(TrainOptions.sigma, isFixed ? .fixed(likelihood.sigma) : .learned("\(likelihood.sigmaKind)"))
    }
    result.set(TrainOptions.outputActivation, "\(likelihood.outputActivation)")

    let prior = configuration.prior
    result.set(PriorOptions.prior, "\(prior.kind)")
    if prior.kind == .conditional { result.set(PriorOptions.net, prior.layers.map(\.units)) }
    if prior.kind.hasComponents { result.set(PriorOptions.components, prior.components) }
    if let observed = observedQuadrants {
      if !arguments.has(ConditionOptions.condition) { result.set(ConditionOptions.observed, .quadrants(observed)) }
    } else if configuration.conditionDimension > 0, !arguments.has(ConditionOptions.observed) {
      result.set(ConditionOptions.condition, .labelsOfData)
    }
  }

  /// How many quadrants of an image are the condition of a preset that completes the others; nil for other presets.
  private var observedQuadrants: Int? {
    let (missing, whole) = (configuration.inputDimension, configuration.conditionDimension)
    guard whole > missing, missing * 4 % whole == 0 else { return nil }
    return 4 - missing * 4 / whole
  }

  private func putObjective(into result: inout Fallbacks, beside arguments: Arguments) {
    let objective = training.objective
    let name = "\(objective.kind)"
    result.set(Shared.objective, name)
    result.set(Shared.samples, objective.samples)
    let likelihood = arguments.has(TrainOptions.likelihood) ? arguments[TrainOptions.likelihood] : "bernoulli"
    if likelihood == "bernoulli" { result.set(Shared.binarize, "\(objective.binarization)") }
    result.set(ObjectiveOptions.estimator, "\(objective.estimator)")
    // The rest belongs to its bound alone.
    guard !arguments.has(Shared.objective) || arguments[Shared.objective] == name else { return }
    result.set(Shared.beta, objective.beta)
    result.set(TrainOptions.warmUp, "\(training.warmUp.kind)")
    if training.warmUp.kind != .none { result.set(TrainOptions.warmUpEpochs, training.warmUp.epochs) }
    if training.warmUp.kind == .cyclic {
      result.set(TrainOptions.warmUpCycles, training.warmUp.cycles)
      result.set(TrainOptions.warmUpShare, training.warmUp.share)
    }
    result.set(ObjectiveOptions.freeBits, objective.freeBits)
    if objective.capacityWeight > 0 {
      result.set(ObjectiveOptions.capacity, objective.capacity)
      result.set(ObjectiveOptions.capacityWeight, objective.capacityWeight)
      result.set(ObjectiveOptions.capacityEpochs, training.capacityEpochs)
    }
    // Weights and scales are a regularizer's own.
    let regularizer = objective.regularizer
    guard
      !arguments.has(ObjectiveOptions.regularizer) || arguments[ObjectiveOptions.regularizer] == "\(regularizer.kind)"
    else { return }
    result.set(ObjectiveOptions.regularizer, "\(regularizer.kind)")
    result.set(ObjectiveOptions.regularizerWeight, regularizer.weight)
    result.set(ObjectiveOptions.regularizerDiagonal, regularizer.diagonalWeight)
    result.set(ObjectiveOptions.kernelScale, regularizer.kernelScale)
    result.set(ObjectiveOptions.projections, regularizer.projections)
    result.set(ObjectiveOptions.dataRows, regularizer.dataRows)
  }

  private func putTraining(into result: inout Fallbacks) {
    result.set(TrainOptions.epochs, epochs)
    result.set(TrainOptions.batch, training.batchSize)
    result.set(TrainOptions.learningRate, training.learningRate)
    result.set(TrainOptions.adamBeta1, training.beta1)
    result.set(TrainOptions.adamBeta2, training.beta2)
    result.set(TrainOptions.adamEpsilon, training.epsilon)
    result.set(TrainOptions.weightDecay, training.weightDecay)
    if training.clipNorm > 0 { result.set(TrainOptions.clipNorm, training.clipNorm) }
    result.set(TrainOptions.patience, training.patience)
    result.set(TrainOptions.dropout, training.dropout)
    let schedule = training.schedule
    result.set(TrainOptions.schedule, "\(schedule.kind)")
    if schedule.decay > 0 { result.set(TrainOptions.scheduleDecay, schedule.decay) }
    if schedule.epochs > 0 { result.set(TrainOptions.scheduleEpochs, schedule.epochs) }
    result.set(TrainOptions.scheduleFloor, schedule.floor)
    result.set(TrainOptions.milestones, schedule.milestones)
  }
}
