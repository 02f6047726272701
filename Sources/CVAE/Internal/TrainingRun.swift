internal import CLibVAE

/// One call of `fit`: its clock, its counters, its validation. It lives and works on one thread.
final class TrainingRun {
  private let trainer: Trainer
  private let data: vae_data
  private let epochs: Int
  private let validation: Rows?
  private let stop: StopFlag
  private let configuration: TrainingConfiguration
  /// Adam's steps before the run: the steps since then are the mini-batches that it did itself, also where its first
  /// epoch is the rest of a stopped one.
  private let firstStep: Int
  private var validationWorkspace: OpaquePointer?

  private let start = ContinuousClock.now
  private var epochStart = ContinuousClock.now
  private var epochsDone = 0
  /// C's last report in the running epoch, with the time that the mini-batches took.
  private var last: Trainer.Progress?
  private var result = TrainingResult()

  init(_ trainer: Trainer, _ data: vae_data, epochs: Int, validation: Rows?, stop: StopFlag) throws(VAEError) {
    self.trainer = trainer
    self.data = data
    self.epochs = epochs
    self.validation = validation
    self.stop = stop
    configuration = trainer.configuration
    firstStep = try trainer.info.step
    if configuration.patience > 0, validation == nil {
      throw VAEError(
        .invalidArgument, "patience is \(configuration.patience), but there are no validation data to judge by")
    }
  }

  deinit { vae_workspace_free(validationWorkspace) }

  func run(_ onProgress: (Trainer.Progress) -> Trainer.Decision) throws(VAEError) -> TrainingResult {
    result.isComplete = epochs == 0
    while !result.isComplete, !stop.isSet {
      guard let loss = try runEpoch(onProgress) else { break }
      var progress = try endEpoch(loss)
      if result.isComplete, configuration.patience > 0 {
        try trainer.model.gate.writeInRun { () throws(VAEError) in try trainer.takeBestInRun() }
      }
      if result.isComplete { progress.result = result }
      if onProgress(progress) == .stop { break }
    }
    result.elapsed = ContinuousClock.now - start
    return result
  }

  /// Runs one epoch, or the rest of one; nil where it was stopped.
  private func runEpoch(_ onProgress: (Trainer.Progress) -> Trainer.Decision) throws(VAEError) -> VAE.Loss? {
    let gate = trainer.model.gate
    epochStart = ContinuousClock.now
    last = nil
    // C calls back only within this call, on this thread.
    let outcome = withoutActuallyEscaping(onProgress) { onProgress in
      let callback = ProgressCallback { progress in
        gate.pauseWriting { self.report(progress, onProgress) }
      }
      return Result { () throws(VAEError) in
        try gate.writeInRun { () throws(VAEError) in try trainer.epoch(data, callback) }
      }
    }
    return try outcome.get()
  }

  /// Takes a report of C's. Gives whether to stop.
  private func report(_ report: vae_progress, _ onProgress: (Trainer.Progress) -> Trainer.Decision) -> Bool {
    let progress = makeProgress(report)
    last = progress
    // The end of an epoch is reported after its validation.
    if progress.batch >= progress.batches { return false }
    guard stop.isSet || onProgress(progress) == .stop || stop.isSet else { return false }
    trainer.model.gate.runIsStopping()
    return true
  }

  private func makeProgress(_ report: vae_progress) -> Trainer.Progress {
    let now = ContinuousClock.now
    let (batch, batches) = (Int(clamping: report.batch), Int(clamping: report.batches))
    let done = Int(clamping: report.step) - firstStep
    // Where C goes on with a stopped epoch, its counters begin behind what was done then.
    let skipped = epochsDone == 0 ? max(batch - done, 0) : 0
    let examples = Int(clamping: report.loss.examples) - skipped * configuration.batchSize
    let left = (epochs - epochsDone) * batches - batch
    return Trainer.Progress(
      epoch: epochsDone + 1, epochs: epochs, trainerEpoch: Int(clamping: report.epoch) + 1, batch: batch,
      batches: batches, step: Int(clamping: report.step), training: VAE.Loss(report.loss),
      examplesPerSecond: Double(max(examples, 0)) / max((now - epochStart).seconds, 1e-9), elapsed: now - start,
      remaining: (now - start) * (Double(max(left, 0)) / Double(max(done, 1))))
  }

  /// Validates and takes the epoch into the result.
  private func endEpoch(_ loss: VAE.Loss) throws(VAEError) -> Trainer.Progress {
    guard var progress = last else { throw VAEError(.invalidArgument, "the epoch ended without a report") }
    progress.training = loss
    progress.validation = try validate()
    progress.isEpochEnd = true
    epochsDone += 1
    let isOver = try judge(progress.validation)
    progress.isBest = configuration.patience > 0 ? try trainer.info.waited == 0 : false
    result.epochs.append(
      TrainingResult.Epoch(
        trainerEpoch: progress.trainerEpoch, training: loss, validation: progress.validation, isBest: progress.isBest,
        examplesPerSecond: progress.examplesPerSecond))
    progress.elapsed = ContinuousClock.now - start
    progress.remaining = progress.elapsed * (Double(epochs - epochsDone) / Double(epochsDone))
    result.elapsed = progress.elapsed
    result.isStoppedEarly = isOver && epochsDone < epochs
    result.isComplete = isOver || epochsDone == epochs
    return progress
  }

  /// Whether patience is at its end.
  private func judge(_ validation: VAE.Loss?) throws(VAEError) -> Bool {
    guard configuration.patience > 0, let validation else { return false }
    return try trainer.model.gate.writeInRun { () throws(VAEError) in try trainer.judgeInRun(validation.loss) }
  }

  private func validate() throws(VAEError) -> VAE.Loss? {
    guard let validation else { return nil }
    let model = trainer.model
    return try validation.withData(for: model.configuration, what: "validation data") {
      data throws(VAEError) in
      try model.gate.read { () throws(VAEError) in
        try model.evaluate(data, theValidationWorkspace(), configuration.objective, 0, nil)
      }
    }
  }

  private func theValidationWorkspace() throws(VAEError) -> OpaquePointer {
    if let validationWorkspace { return validationWorkspace }
    let execution = VAE.Execution(threads: configuration.threads, instructionSet: configuration.instructionSet)
    let made = try WorkspacePool.create(trainer.model.handle, execution, rows: WorkspacePool.defaultRows)
    validationWorkspace = made
    return made
  }
}

/// What C's callback finds behind its user pointer.
final class ProgressCallback {
  /// Gives whether to stop.
  let body: (vae_progress) -> Bool

  init(_ body: @escaping (vae_progress) -> Bool) { self.body = body }
}

extension Trainer {
  /// One epoch of C's; nil where the callback stopped it.
  fileprivate func epoch(_ data: vae_data, _ callback: ProgressCallback) throws(VAEError) -> VAE.Loss? {
    var data = data
    var loss = vae_loss()
    vae_loss_init(&loss)
    var error = vae_error()
    vae_error_init(&error)
    let status = withExtendedLifetime(callback) {
      vae_trainer_epoch(
        handle, &data,
        { progress, user in
          guard let progress, let user else { return 0 }
          return Unmanaged<ProgressCallback>.fromOpaque(user).takeUnretainedValue().body(progress.pointee) ? 1 : 0
        }, Unmanaged.passUnretained(callback).toOpaque(), &loss, &error)
    }
    if status == Int32(VAE_STOPPED) { return nil }
    if status != Int32(VAE_OK) { throw VAEError(status, error) }
    return VAE.Loss(loss)
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
