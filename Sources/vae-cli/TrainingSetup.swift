import CVAE
import VAEData
import VAEFiles

/// Everything that a run of training needs: the model, its trainer, the data and what is held out.
struct TrainingSetup {
  let model: VAE
  let trainer: Trainer
  let examples: Examples
  let heldOut: Examples?

  /// The rows to train on.
  var data: DataTable { examples.table }

  /// DATA as it was given.
  let dataName: String
  /// What a run that goes on does in another way than before, in words.
  let change: String?

  /// A run from the beginning.
  init(new arguments: Arguments) throws {
    let likelihood = Self.likelihood(arguments)
    let seed = arguments[TrainOptions.seed]
    change = nil
    dataName = arguments.operands[0]
    let source = TrainingData(arguments, likelihood: likelihood.kind, seed: seed, hint: supportAdvice(likelihood.kind))
    (examples, heldOut) = try source.read(dimension: nil)

    let configuration = try Self.configuration(arguments, likelihood: likelihood, examples)
    let threads = arguments[Shared.threads] ?? 0
    model = try VAE(configuration, seed: seed, execution: VAE.Execution(threads: threads))
    try model.initializeOutputBias(from: examples.asRows)
    var training = try TrainingConfiguration(
      // Memory is taken for a whole mini-batch, whether there are as many rows or not.
      batchSize: min(arguments[TrainOptions.batch], examples.table.rows),
      objective: MeanSquaredError.objective(
        ObjectiveOptions.chosen(arguments), for: configuration, preset: arguments),
      learningRate: arguments[TrainOptions.learningRate], beta1: arguments[TrainOptions.adamBeta1],
      beta2: arguments[TrainOptions.adamBeta2], epsilon: arguments[TrainOptions.adamEpsilon], seed: seed,
      threads: threads, precision: arguments[TrainOptions.precision] == "float32" ? .float32 : .bfloat16,
      precisionFallback: arguments[TrainOptions.precision] == "bf16-or-float32",
      schedule: Self.schedule(arguments), warmUp: Self.warmUp(arguments),
      weightDecay: arguments[TrainOptions.weightDecay], clipNorm: arguments[TrainOptions.clipNorm] ?? 0,
      patience: arguments[TrainOptions.patience])
    training.dropout = arguments[TrainOptions.dropout]
    if training.objective.capacityWeight > 0 {
      training.capacityEpochs = arguments[ObjectiveOptions.capacityEpochs]
    }
    trainer = try Trainer(model, configuration: training)
    try checkPatience(arguments)
  }

  /// What the options of the model say, for these examples.
  private static func configuration(
    _ arguments: Arguments, likelihood: VAE.Likelihood, _ examples: Examples
  ) throws -> VAE.Configuration {
    let activation = VAE.Activation(arguments[TrainOptions.activation]) ?? .relu
    let hidden = arguments[TrainOptions.hidden] ?? [400]
    let encoder = (arguments[TrainOptions.encoder] ?? hidden).map { VAE.Layer($0, activation) }
    let decoderActivation = VAE.Activation(arguments[TrainOptions.decoderActivation]) ?? activation
    let decoder = (arguments[TrainOptions.decoder] ?? hidden.reversed()).map { VAE.Layer($0, decoderActivation) }
    var configuration = VAE.Configuration(
      inputDimension: examples.table.columns, latentDimension: arguments[TrainOptions.latent], encoder: encoder,
      decoder: decoder, likelihood: likelihood,
      prior: PriorOptions.chosen(arguments, encoder: encoder, activation: activation))
    configuration.conditionDimension = try examples.conditionDimension(classes: arguments[ConditionOptions.classes])
    if configuration.prior.kind == .conditional, configuration.conditionDimension == 0 {
      throw UsageError("train: --prior conditional needs a condition; give --condition or --observed")
    }
    return MeanSquaredError.configuration(configuration, preset: arguments)
  }

  private static func schedule(_ arguments: Arguments) -> LearningRateSchedule {
    let decay = arguments[TrainOptions.scheduleDecay]
    switch arguments[TrainOptions.schedule] {
    case "exponential": return .exponential(decay: decay ?? 1)
    case "cosine":
      let epochs = arguments[TrainOptions.scheduleEpochs] ?? Double(arguments[TrainOptions.epochs])
      return .cosine(epochs: epochs, floor: arguments[TrainOptions.scheduleFloor])
    case "steps": return .steps(decay: decay ?? 0.1, milestones: arguments[TrainOptions.milestones])
    case "burda": return .burda
    default: return .constant
    }
  }

  private static func warmUp(_ arguments: Arguments) -> WarmUp {
    let epochs = arguments[TrainOptions.warmUpEpochs] ?? Double(arguments[TrainOptions.epochs]) / 2
    switch arguments[TrainOptions.warmUp] {
    case "linear": return .linear(epochs: epochs)
    case "cyclic":
      let cycles = arguments[TrainOptions.warmUpCycles]
      return .cyclic(epochs: epochs, cycles: cycles, share: arguments[TrainOptions.warmUpShare])
    default: return .none
    }
  }

  /// Early stopping judges by what is held out.
  private func checkPatience(_ arguments: Arguments) throws(UsageError) {
    let patience = trainer.configuration.patience
    if patience > 0, heldOut == nil {
      throw UsageError("train: a patience of \(plural(patience, "epoch")) needs something held out; give --validation")
    }
  }

  /// A run that goes on where a checkpoint left it.
  init(resuming arguments: Arguments) throws {
    let path = arguments[TrainOptions.resume] ?? ""
    let threads = arguments[Shared.threads]
    model = try loadModel(path, threads: threads)
    // The run goes on in its own precision, unless the option names another one: --precision bf16-or-float32 names none,
    // but lets float32 take over.
    let asked = arguments.has(TrainOptions.precision) ? arguments[TrainOptions.precision] : nil
    let saved = model.trainingConfiguration?.precision ?? .float32
    let wanted = asked.flatMap(Precision.init) ?? saved
    do throws(VAEError) {
      trainer = try Trainer(
        model,
        configuration: TrainingConfiguration(threads: threads ?? 0, precision: wanted, precisionFallback: asked != nil))
      if asked == "bf16" { _ = try Trainer(model, configuration: TrainingConfiguration(precision: wanted)) }
    } catch {
      guard error.code == .unsupported, wanted != .float32 else { throw error }
      throw Failure("\(failure(error, about: path)); --precision float32 goes on without")
    }
    let precision = try trainer.info.precision
    change =
      precision == saved ? nil : "\(printable(path)) ran in \(saved); going on in \(precision), so not to the bit"
    do throws(VAEError) {
      try trainer.restore(from: path)
    } catch {
      let hint = error.code == .format ? "; --resume takes what --checkpoint wrote" : ""
      throw Failure(failure(error, about: path).description + hint)
    }
    dataName = arguments.operands[0]
    let likelihood = model.configuration.likelihood.kind
    let source = TrainingData(
      arguments, likelihood: likelihood, seed: trainer.configuration.seed, hint: { _ in "" })
    (examples, heldOut) = try source.read(dimension: model.configuration.conditionDimension)
    let needed = model.configuration.inputDimension
    guard data.columns == needed else {
      throw Failure(
        "\(printable(data.source)): a row has \(plural(data.columns, "value")); "
          + "the checkpoint \(printable(path)) takes \(grouped(needed))")
    }
    let done = try trainer.info.epoch
    guard done < arguments[TrainOptions.epochs] else {
      throw UsageError(
        "train: --resume \(quoted(path)) has done \(plural(done, "epoch")) already; ask for more with --epochs "
          + "(it counts those, and is \(arguments[TrainOptions.epochs]))")
    }
    try checkPatience(arguments)
  }

  /// What `--likelihood` and the options beside it say.
  private static func likelihood(_ arguments: Arguments) -> VAE.Likelihood {
    let kind = VAE.Likelihood.Kind(arguments[TrainOptions.likelihood]) ?? .bernoulli
    let activation = VAE.Activation(arguments[TrainOptions.outputActivation]) ?? .identity
    let located: VAE.Likelihood?
    switch arguments[TrainOptions.sigma] {
    case .fixed(let sigma): located = .located(kind, sigma: sigma, outputActivation: activation)
    case .learned(let name):
      located = .located(kind, learned: VAE.Likelihood.SigmaKind(name) ?? .fixed, outputActivation: activation)
    }
    if let located { return located }
    switch kind {
    case .continuousBernoulli: return .continuousBernoulli
    case .poisson: return .poisson
    case .negativeBinomial: return .negativeBinomial
    case .studentT: return .studentT(outputActivation: activation)
    case .categorical: return .categorical(groups: arguments[TrainOptions.groups] ?? [])
    default: return .bernoulli
    }
  }
}
