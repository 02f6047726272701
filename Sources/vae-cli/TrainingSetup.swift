import CVAE
import VAEData
import VAEFiles

/// Everything that a run of training needs: the model, its trainer, the data and what is held out.
struct TrainingSetup {
  let model: VAE
  let trainer: Trainer
  let data: DataTable
  let heldOut: DataTable?
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
    (data, heldOut) = try Self.readData(arguments, likelihood.kind, seed: seed, hint: supportAdvice(likelihood.kind))

    let activation = VAE.Activation(arguments[TrainOptions.activation]) ?? .relu
    let hidden = arguments[TrainOptions.hidden] ?? [400]
    let layers = { (units: [Int]) in units.map { VAE.Layer($0, activation) } }
    let configuration = VAE.Configuration(
      inputDimension: data.columns, latentDimension: arguments[TrainOptions.latent],
      encoder: layers(arguments[TrainOptions.encoder] ?? hidden),
      decoder: layers(arguments[TrainOptions.decoder] ?? hidden.reversed()), likelihood: likelihood)
    let threads = arguments[Shared.threads] ?? 0
    model = try VAE(configuration, seed: seed, execution: VAE.Execution(threads: threads))
    try model.initializeOutputBias(from: data.asRows)
    trainer = try Trainer(
      model,
      configuration: TrainingConfiguration(
        // Memory is taken for a whole mini-batch, whether there are as many rows or not.
        batchSize: min(arguments[TrainOptions.batch], data.rows),
        objective: chosenObjective(arguments, command: "train"),
        learningRate: arguments[TrainOptions.learningRate], beta1: arguments[TrainOptions.adamBeta1],
        beta2: arguments[TrainOptions.adamBeta2], epsilon: arguments[TrainOptions.adamEpsilon], seed: seed,
        threads: threads, precision: arguments[TrainOptions.precision] == "float32" ? .float32 : .bfloat16,
        precisionFallback: arguments[TrainOptions.precision] == "bf16-or-float32",
        schedule: Self.schedule(arguments), warmUp: Self.warmUp(arguments),
        weightDecay: arguments[TrainOptions.weightDecay], clipNorm: arguments[TrainOptions.clipNorm] ?? 0,
        patience: arguments[TrainOptions.patience]))
    try checkPatience(arguments)
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
    (data, heldOut) = try Self.readData(
      arguments, model.configuration.likelihood.kind, seed: trainer.configuration.seed, hint: { _ in "" })
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
    case .categorical: return .categorical(groups: arguments[TrainOptions.groups] ?? [])
    default: return .bernoulli
    }
  }

  /// The data to train on and the rows held out.
  private static func readData(
    _ arguments: Arguments, _ likelihood: VAE.Likelihood.Kind, seed: UInt64, hint: (DataTable) -> String
  ) throws -> (data: DataTable, heldOut: DataTable?) {
    let source = arguments.operands[0]
    let options = { (digits: DigitsPart) in
      ReadOptions(scale: arguments[Shared.scale], unitInterval: likelihood.isUnitInterval, digits: digits)
    }
    let data = try DataTable.read(source, options: options(.train))
    try checkValues(data, likelihood: likelihood, hint: hint)
    switch arguments[TrainOptions.validation] ?? (source == "digits" ? .data("digits:test") : .fraction(0.1)) {
    case .fraction(0): return (data, nil)
    case .fraction(let fraction):
      // A handful of rows cannot spare one, unless it was asked for.
      if !arguments.has(TrainOptions.validation), data.rows < 10 { return (data, nil) }
      let (rest, drawn) = try data.split(validation: fraction, seed: seed)
      return (rest, drawn)
    case .data(let other):
      let heldOut = try DataTable.read(other, options: options(.test))
      guard heldOut.columns == data.columns else {
        throw Failure(
          "--validation \(printable(heldOut.source)): a row has \(plural(heldOut.columns, "value")); one of "
            + "\(printable(data.source)) has \(grouped(data.columns))")
      }
      try checkValues(heldOut, likelihood: likelihood, hint: hint)
      return (data, heldOut)
    }
  }
}
