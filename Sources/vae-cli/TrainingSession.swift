import CVAE
import VAEData
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A run of `vae-cli train`: shows it, logs it, saves it. One thread.
final class TrainingSession {
  private let setup: TrainingSetup
  private let arguments: Arguments
  private let epochs: Int
  private let display: ProgressDisplay
  private let log: EpochLog?
  private let start = monotonicSeconds()
  private var result: TrainingResult?
  private var lastProgress: Trainer.Progress?
  /// Of the losses in every line: what suits the first.
  private var decimals: Int?
  /// What went wrong beside the training, which is not stopped by it. Each is told when it happens.
  private var troubles: Set<SideOutput> = []

  private enum SideOutput { case log, checkpoint }

  /// The signal that stopped the run, or nil.
  private(set) var stoppedBy: Int32?

  init(setup: TrainingSetup, arguments: Arguments) throws {
    (self.setup, self.arguments) = (setup, arguments)
    epochs = arguments[TrainOptions.epochs]
    display = ProgressDisplay(terminal: .standardError(), isQuiet: arguments[Shared.quiet])
    log = try arguments[TrainOptions.log].map {
      try EpochLog(path: $0, appends: arguments.has(TrainOptions.resume))
    }
  }

  /// 1 where the log lacks a line or the checkpoint is not the last state; of those it was told already.
  var exitCode: Int32 { troubles.isEmpty ? stoppedBy.map(Interrupts.exitCode) ?? 0 : 1 }

  /// Trains until the epochs are done or a signal asks to stop.
  func run() throws {
    try announce()
    Interrupts.catchStopSignals()
    let info = try setup.trainer.info
    do throws(VAEError) {
      result = try setup.trainer.fitBlocking(
        setup.examples.asRows, epochs: epochs - info.epoch, validation: setup.heldOut?.asRows
      ) { report($0) }
    } catch {
      display.endLine()
      throw Failure(error.message)
    }
    display.endLine()
    if result?.isComplete != true { stoppedBy = Interrupts.pending }
    guard stoppedBy != nil else { return }
    // Early stopping writes the best state, which the checkpoint is already, unless there was none yet.
    if judges, try setup.trainer.info.best != nil { return try setup.trainer.takeBest() }
    saveCheckpoint()
  }

  /// Whether the run is judged by its held-out loss.
  private var judges: Bool { setup.trainer.configuration.patience > 0 }

  private func announce() throws {
    if arguments[Shared.quiet] { return }
    let configuration = setup.model.configuration
    let info = try setup.trainer.info
    let threads = plural(info.threads, "thread") + (info.precision == .float32 ? "" : ", \(info.precision)")
    let parameters = plural(setup.model.valueCount, "parameter")
    let heldOut = setup.heldOut.map { grouped($0.table.rows) } ?? "none"
    printNote("Training a VAE \(networkText(configuration)): \(parameters), \(threads)")
    printNote("Data: \(plural(setup.data.rows, "example")) of \(printable(setup.data.source)), \(heldOut) held out")
    if let condition = setup.examples.condition {
      let width = configuration.conditionDimension
      let what = condition.isClasses ? "a class of \(grouped(width)) each" : "\(plural(width, "number")) a row"
      let part = arguments[ConditionOptions.observed].map { ", the images with what is seen (--observed \($0))" } ?? ""
      printNote("Condition: \(what)\(part)")
    }
    if let change = setup.change {
      printNote("Note: \(change).")
    } else if info.precision != setup.trainer.configuration.precision {
      printNote(
        "Note: bf16 needs kernels for AVX512_BF16 or FEAT_BF16, which are not there: training in \(info.precision).")
    }
    if configuration.likelihood.kind.isLocated, configuration.likelihood.sigmaKind != .perOutput,
      let advice = standardisingAdvice(setup.data)
    {
      printNote(advice)
    }
    if configuration.likelihood.kind.takesCounts, let advice = countsAdvice(setup.data, configuration.encoder) {
      printNote(advice)
    }
  }

  private func report(_ progress: Trainer.Progress) -> Trainer.Decision {
    lastProgress = progress
    let line = epochLine(progress)
    guard progress.isEpochEnd else {
      display.update(line)
      return Interrupts.pending == nil ? .continue : .stop
    }
    display.finish(line)
    attempt(.log) { try log?.write(progress, setup.trainer.info, seconds: monotonicSeconds() - start) }
    if !judges || progress.isBest { saveCheckpoint() }
    return Interrupts.pending == nil ? .continue : .stop
  }

  private func saveCheckpoint() {
    guard let path = arguments[TrainOptions.checkpoint] else { return }
    attempt(.checkpoint) {
      do throws(VAEError) {
        try setup.trainer.save(to: path)
      } catch {
        throw failure(error, about: path)
      }
      // A new checkpoint makes up for those that could not be written; a lost line of the log stays lost.
      troubles.remove(.checkpoint)
    }
  }

  /// Runs what must not end the training where it fails. The first error of an output is told at once, those that
  /// follow it are not.
  private func attempt(_ output: SideOutput, _ body: () throws -> Void) {
    do { try body() } catch { if troubles.insert(output).inserted { complain(error) } }
  }

  private func epochLine(_ progress: Trainer.Progress) -> EpochLine {
    let configuration = setup.trainer.configuration
    var line = EpochLine(progress.training, objective: configuration.objective)
    if configuration.warmUp != .none { line.beta = meanBeta(progress.training) }
    decimals = decimals ?? lossDecimals(progress.training.loss)
    line.decimals = decimals
    line.epoch = progress.trainerEpoch
    line.epochs = epochs
    line.fraction = progress.isEpochEnd ? 1 : Double(progress.batch) / Double(max(progress.batches, 1))
    line.heldOut = progress.validation?.loss
    line.otherTerms = meanSquaredError?.terms(progress.training)
    line.examplesPerSecond = progress.examplesPerSecond
    let isOver = progress.isEpochEnd && (progress.result != nil || progress.trainerEpoch >= epochs)
    line.secondsLeft = isOver ? nil : seconds(progress.remaining)
    line.secondsTaken = isOver ? seconds(progress.elapsed) : nil
    return line
  }

  /// Where the loss is the mean squared error of other programs and a constant.
  private var meanSquaredError: MeanSquaredError? {
    MeanSquaredError(setup.model.configuration, setup.trainer.configuration.objective)
  }

  /// The weight of the KL in an epoch's loss, of which every step had its own; three digits, for people.
  private func meanBeta(_ loss: VAE.Loss) -> Double {
    guard loss.kl > 0 else { return 0 }
    return (((loss.loss - loss.reconstruction - loss.penalty) / loss.kl) * 1000).rounded() / 1000
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

// MARK: - The end

extension TrainingSession {
  /// Writes the model and the pictures, and says what there is now.
  func finish(outPath: String, pictures: TrainingPictures?) throws {
    try writeModel(outPath)
    var files: [String] = []
    if stoppedBy == nil, let pictures { files = try pictures.write(setup) }
    if arguments[Shared.json] { try printOut(json(outPath, files).line) }
    let isTaken = arguments[Shared.json] || outPath == "-" || arguments[TrainOptions.log] == "-"
    let speech = Speech(isQuiet: arguments[Shared.quiet], standardOutputIsTaken: isTaken)
    for line in try TrainingSummary(
      setup: setup, arguments: arguments, outPath: outPath, pictures: files, stoppedBy: stoppedBy, result: result,
      epochs: epochs,
      hasCheckpoint: !troubles.contains(.checkpoint)
    ).lines {
      do { try speech.say(line) } catch {
        // The terminal is gone, and with it who could read this.
        if stoppedBy != SIGHUP { throw error }
      }
    }
  }

  private func writeModel(_ path: String) throws {
    if path == "-" { return try FileOutput.write(setup.model.serialized(), to: path) }
    do throws(VAEError) {
      try setup.model.save(to: path)
    } catch {
      throw failure(error, about: path)
    }
  }

  private func json(_ outPath: String, _ pictures: [String]) throws -> JSON {
    let info = try setup.trainer.info
    var json: JSON = [
      "model": .string(outPath), "data": .string(setup.data.source), "epochs": .integer(info.epoch),
      "step": .integer(info.step), "interrupted": .bool(stoppedBy != nil),
    ]
    // A run that was stopped in its first epoch has the terms of its mini-batches so far.
    // Of early stopping, those of the epoch whose state was kept.
    if let loss = result?.best?.training ?? result?.training ?? lastProgress?.training { json.append(loss) }
    if let loss = result?.best?.validation ?? result?.validation { json.append(loss, prefix: "validation_") }
    if let meanSquaredError, let loss = result?.best?.training ?? result?.training {
      let parts = meanSquaredError.parts(loss)
      json.append("mean_squared_error", .number(parts.error))
      json.append("mean_kl", .number(parts.divergence))
    }
    if judges { json.append("stopped_early", .bool(result?.isStoppedEarly == true)) }
    json.append("seconds", .number((seconds(result?.elapsed ?? .zero) * 1000).rounded() / 1000))
    json.append("examples_per_second", .number((lastProgress?.examplesPerSecond ?? 0).rounded()))
    json.append("threads", .integer(info.threads))
    json.append("precision", .string("\(info.precision)"))
    json.append("parameters", .integer(setup.model.valueCount))
    json.append("pictures", .array(pictures.map { .string($0) }))
    json.append("checkpoint", arguments[TrainOptions.checkpoint].map { .string($0) } ?? nil)
    return json
  }
}
