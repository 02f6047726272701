internal import CLibVAE

/// Trains a model: Adam's moments, the counters and the random streams of a run.
///
/// ```swift
/// let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 128, seed: 1))
/// for try await progress in trainer.training(on: digits, epochs: 10, validation: heldOut) where progress.isEpochEnd {
///   print(progress.epoch, progress.training.loss, progress.validation?.loss ?? .nan)
/// }
/// ```
///
/// A trainer keeps its model alive and changes its parameters in place. Equal models, data and configurations give
/// equal bits, whatever the number of threads.
///
/// ## Threads
///
/// A trainer may be used from any thread and task. ``fitBlocking(_:epochs:validation:onProgress:)`` trains on the calling
/// thread; ``fit(_:epochs:validation:onProgress:)`` and ``training(on:epochs:validation:)`` are asynchronous: they start a
/// thread of their own and never train on the cooperative pool. ``stop()`` ends each of them early.
///
/// While one of them runs, a second one, ``step(_:noise:)`` and ``restore(from:)-(String)`` throw an error with
/// ``VAEError/Code/busy``; ``save(to:)-(String)`` and ``info`` wait for the next gap between mini-batches. From within
/// `onProgress` the model and the trainer may be read and saved.
public final class Trainer: Sendable {
  /// The model that is trained.
  public let model: VAE

  // Guarded by the model's gate, as the model's handle is.
  nonisolated(unsafe) let handle: OpaquePointer
  private let current: Monitor<TrainingConfiguration>
  /// Of the runs that are under way, or about to be.
  let stops = Monitor<[StopFlag]>([])

  /// Makes a trainer at the start of a run.
  ///
  /// - Parameters:
  ///   - model: the model to train, as it stands.
  ///   - configuration: how to train it.
  /// - Throws: ``VAEError`` with `.invalidArgument` where the configuration is out of its limits, `.unsupported` for an
  ///   instruction set or a precision that is not there, `.busy` while another trainer is at work on the model, or `.outOfMemory`.
  public init(_ model: VAE, configuration: TrainingConfiguration = TrainingConfiguration()) throws(VAEError) {
    var training = try configuration.cTraining()
    var handle: OpaquePointer?
    try model.gate.write { () throws(VAEError) in
      try check { vae_trainer_create(model.handle, &training, nil, &handle, $0) }
    }
    guard let handle else { throw VAEError(.outOfMemory, "no trainer was made") }
    self.model = model
    self.handle = handle
    current = Monitor(configuration)
  }

  deinit { vae_trainer_free(handle) }

  /// How the model is trained; ``restore(from:)-(String)`` may change it.
  public var configuration: TrainingConfiguration { current.withLock { $0 } }
}

extension Trainer {
  /// Where a trainer stands.
  public struct Info: Sendable, Hashable {
    /// The size of the last step's team; before the first step the most it may have.
    public let threads: Int
    /// The kernels in use.
    public let instructionSet: InstructionSet
    /// What matrix products are computed in.
    public let precision: Precision
    /// Epochs finished since the trainer was new.
    public let epoch: Int
    /// Mini-batches done in an epoch that was stopped, else 0.
    public let batch: Int
    /// Adam's steps since the trainer was new.
    public let step: Int
    /// Memory that the trainer holds, in bytes.
    public let bytes: Int
    /// Of the last step, by ``TrainingConfiguration/schedule``; 0 before the first.
    public let learningRate: Double
    /// Of the last step, by ``TrainingConfiguration/warmUp``; 0 before the first.
    public let beta: Double
    /// Of the last step, by ``TrainingConfiguration/capacityEpochs``; 0 before the first.
    public let capacity: Double
    /// Of the last step, before clipping; 0 without ``TrainingConfiguration/clipNorm``.
    public let gradientNorm: Double
    /// The lowest loss that ``Trainer/judge(_:)`` was told, with the epochs finished then; nil before the first.
    public let best: Best?
    /// Judgements since the best one.
    public let waited: Int
  }

  /// The best state of a run that is judged.
  public struct Best: Sendable, Hashable {
    /// Its loss on held-out data.
    public let loss: Double
    /// Epochs that were finished then.
    public let epoch: Int
  }

  /// Where the trainer stands.
  ///
  /// - Throws: ``VAEError``, which no state of a trainer calls for.
  public var info: Info {
    get throws(VAEError) {
      var info = vae_trainer_info()
      vae_trainer_info_init(&info)
      try model.gate.read { () throws(VAEError) in try check { vae_trainer_get_info(handle, &info, $0) } }
      return Info(
        threads: Int(info.threads), instructionSet: InstructionSet(rawValue: info.isa),
        precision: Precision(rawValue: info.precision),
        epoch: Int(clamping: info.epoch), batch: Int(clamping: info.batch), step: Int(clamping: info.step),
        bytes: Int(clamping: info.bytes), learningRate: info.learning_rate, beta: info.beta,
        capacity: info.capacity, gradientNorm: info.gradient_norm,
        best: info.best_loss.isFinite ? Best(loss: info.best_loss, epoch: Int(clamping: info.best_epoch)) : nil,
        waited: Int(info.waited))
    }
  }

  /// Early stopping in a loop of your own: tells the trainer the loss on held-out data after an epoch. It keeps a copy
  /// of the state with the lowest. `fit` with ``TrainingConfiguration/patience`` does all of this.
  ///
  /// - Returns: whether to stop: ``TrainingConfiguration/patience`` losses without a lower one have come.
  /// - Throws: ``VAEError`` with `.invalidArgument` for a loss that is not finite or within a stopped epoch, `.busy`
  ///   during training, or `.outOfMemory`.
  public func judge(_ loss: Double) throws(VAEError) -> Bool {
    try model.gate.write { () throws(VAEError) in try judgeInRun(loss) }
  }

  /// The same for who has the gate.
  func judgeInRun(_ loss: Double) throws(VAEError) -> Bool {
    var stop: Int32 = 0
    try check { vae_trainer_judge(handle, loss, &stop, $0) }
    return stop != 0
  }

  /// Puts the state with the lowest loss back: parameters, and the optimiser's state that belongs to them. Training
  /// may go on from there.
  ///
  /// - Throws: ``VAEError`` with `.invalidArgument` where nothing was judged, or `.busy` during training.
  public func takeBest() throws(VAEError) {
    try model.gate.write { () throws(VAEError) in try takeBestInRun() }
  }

  /// The same for who has the gate.
  func takeBestInRun() throws(VAEError) { try check { vae_trainer_take_best(handle, $0) } }

  /// Writes the whole state of the run (parameters, moments, counters, configuration) as one safetensors file, in the
  /// manner of ``VAE/save(to:)-(String)``. The file can also be read as a model.
  ///
  /// - Throws: ``VAEError`` with `.io` and the system's reason, `.notFinite` where a value to be saved is not finite, or
  ///   `.outOfMemory`.
  public func save(to path: String) throws(VAEError) {
    try checkPath(path)
    try model.gate.read { () throws(VAEError) in try check { vae_trainer_save(handle, path, $0) } }
  }

  /// Puts a saved state back: parameters, moments, counters and the training configuration; threads, instruction set,
  /// precision and ``TrainingConfiguration/keepsGradients`` stay as they are. The run then continues to the bit.
  ///
  /// - Throws: ``VAEError`` with `.io`, `.format`, `.mismatch` where the file is of another model, or of another
  ///   precision and ``TrainingConfiguration/precisionFallback`` does not allow to go on in the trainer's own, `.busy` during training,
  ///   or `.outOfMemory`; trainer and model are then unchanged.
  public func restore(from path: String) throws(VAEError) {
    try checkPath(path)
    try model.gate.write { () throws(VAEError) in
      try check { vae_trainer_restore(handle, path, $0) }
      guard let restored = try model.readTraining() else { return }
      current.withLock { configuration in
        let own = configuration
        configuration = restored
        configuration.threads = own.threads
        configuration.instructionSet = own.instructionSet
        configuration.keepsGradients = own.keepsGradients
        configuration.precision = own.precision
        configuration.precisionFallback = own.precisionFallback
      }
    }
  }

  /// One step of Adam on the rows given, in their order. It counts as a step, not as part of an epoch.
  ///
  /// - Parameters:
  ///   - x: `[n, inputDimension]`, 1 to 2^20 rows, all of it one mini-batch.
  ///   - noise: eps of z = mean + exp(logvar / 2) eps, `[K, n, Z]` for K samples; nil draws it.
  /// - Returns: the means over the rows, before the step.
  /// - Throws: ``VAEError`` with `.mismatch`, `.data`, `.notFinite`, `.busy` or `.outOfMemory`; the parameters are then as
  ///   before.
  @discardableResult
  public func step(_ x: some RowSource, noise: [Float]? = nil) throws(VAEError) -> VAE.Loss {
    let objective = configuration.objective
    return try model.withData(x) { data throws(VAEError) in
      var data = data
      var loss = vae_loss()
      vae_loss_init(&loss)
      try model.withNoise(noise, data.rows, objective) { noise throws(VAEError) in
        try model.gate.write { () throws(VAEError) in
          try check { vae_trainer_step(handle, &data, noise, &loss, nil, $0) }
        }
      }
      return VAE.Loss(loss)
    }
  }

  /// A copy of one gradient of the last step, in its parameter's shape.
  ///
  /// - Throws: ``VAEError`` with `.invalidArgument` without ``TrainingConfiguration/keepsGradients``, before the first step,
  ///   or where there is no parameter of that name.
  public func gradient(named name: String) throws(VAEError) -> [Float] {
    let count = try model.info(of: name).count
    return try model.gate.read { () throws(VAEError) in
      try makeFloats(count, what: name) { values throws(VAEError) in
        try check { vae_trainer_get_gradient(handle, name, values, count, $0) }
      }
    }
  }
}
