extension Trainer {
  /// Trains for a number of epochs on a thread of its own, and suspends until they are done.
  ///
  /// Cancelling the task stops the run before the next mini-batch (within about a tenth of a second) and throws
  /// `CancellationError` once the thread has let go of the model. Model and trainer are then as after a stop: usable, with
  /// all finished mini-batches in them, and the next run continues the epoch. A run that ends before it sees the
  /// cancellation returns its result.
  ///
  /// - Parameters:
  ///   - data: `[n, inputDimension]`, at least one row.
  ///   - epochs: how often to pass over all rows; 0 does nothing.
  ///   - validation: rows to measure the objective on after each epoch, always with the same noise (seed 0).
  ///   - onProgress: called on the training thread between mini-batches, about ten times a second, and once at the end of
  ///     each epoch. It may read and save the model and the trainer.
  /// - Returns: the losses of each epoch; ``TrainingResult/isComplete`` is false where `onProgress` or ``stop()`` ended the run.
  /// - Throws: ``VAEError`` as ``fitBlocking(_:epochs:validation:onProgress:)`` does, or `CancellationError`.
  @discardableResult
  public func fit(
    _ data: some RowSource, epochs: Int, validation: (any RowSource)? = nil,
    onProgress: @escaping @Sendable (Progress) -> Decision = { _ in .continue }
  ) async throws -> TrainingResult {
    try Task.checkCancellation()
    let (data, validation) = (data.rows, validation?.rows)
    let stop = makeStopFlag()
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        start(data, epochs, validation, stop, onProgress) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      stop.set()
    }
    let result = try outcome.get()
    if Task.isCancelled, !result.isComplete { throw CancellationError() }
    return result
  }

  /// The progress of training on a thread of its own, as an asynchronous sequence.
  ///
  /// ```swift
  /// for try await progress in trainer.training(on: digits, epochs: 10) {
  ///   print(progress.epoch, progress.batch, progress.training.loss)
  ///   if let result = progress.result { print("done in", result.elapsed) }
  /// }
  /// ```
  ///
  /// Training starts with the first element that is asked for. A consumer that is slower than training misses reports from
  /// within epochs, of which only the newest is kept, but no end of an epoch. The last element holds the
  /// ``Progress/result``.
  ///
  /// Leaving the loop early stops the run before the next mini-batch, when the loop's iterator goes away. In a function
  /// that is at once. At the top level of a script the iterator lives on, and the run with it: call ``stop()`` after such
  /// a loop, or put the loop in a function.
  ///
  /// ``stop()`` ends the sequence without an error and without a result. Cancelling the task throws `CancellationError`
  /// once the thread has let go of the model. Model and trainer are usable after each of these; a call that changes the
  /// model waits for the thread.
  ///
  /// Each iteration of the sequence is a run of its own. It throws ``VAEError`` as `fit` does, or `CancellationError`.
  ///
  /// - Parameters:
  ///   - data: `[n, inputDimension]`, at least one row.
  ///   - epochs: how often to pass over all rows.
  ///   - validation: rows to measure the objective on after each epoch, always with the same noise (seed 0).
  public func training(
    on data: some RowSource, epochs: Int, validation: (any RowSource)? = nil
  ) -> ProgressSequence {
    ProgressSequence(trainer: self, data: data.rows, epochs: epochs, validation: validation?.rows)
  }

  /// Asks a run of `fit` or ``training(on:epochs:validation:)`` to stop before its next mini-batch, and returns at once.
  ///
  /// It may be called from any thread and task, `onProgress` included, and does nothing where no run is under way. The run
  /// ends within about a tenth of a second, as after ``Decision/stop``: `fit` returns with ``TrainingResult/isComplete``
  /// false, a sequence ends, and the next run continues the epoch. A call that changes the model waits for that end.
  public func stop() {
    stops.withLock { flags in
      for flag in flags { flag.set() }
    }
  }

  /// A flag for a new run that ``stop()`` sets, until `forget`.
  func makeStopFlag() -> StopFlag {
    let stop = StopFlag()
    stops.withLock { $0.append(stop) }
    return stop
  }

  func forget(_ stop: StopFlag) { stops.withLock { $0.removeAll { $0 === stop } } }

  /// Runs on a new thread; `completion` is called once, on that thread or, where there is none, on this one. `stop` is
  /// forgotten before.
  func start(
    _ data: Rows, _ epochs: Int, _ validation: Rows?, _ stop: StopFlag,
    _ onProgress: @escaping @Sendable (Progress) -> Decision,
    _ completion: @escaping @Sendable (Result<TrainingResult, VAEError>) -> Void
  ) {
    do throws(VAEError) {
      try startTrainingThread {
        let outcome = Result { () throws(VAEError) in
          try self.run(data, epochs: epochs, validation: validation, stop: stop, onProgress)
        }
        self.forget(stop)
        completion(outcome)
      }
    } catch {
      forget(stop)
      completion(.failure(error))
    }
  }
}

extension Trainer {
  /// The reports of a run of training. See ``training(on:epochs:validation:)``.
  public struct ProgressSequence: AsyncSequence, Sendable {
    /// A report.
    public typealias Element = Progress
    /// ``VAEError`` or `CancellationError`.
    public typealias Failure = any Error

    let trainer: Trainer
    let data: Rows
    let epochs: Int
    let validation: Rows?

    /// An iterator that starts a run of its own with the first element that is asked for.
    public func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }

    /// Trains while it is asked for elements.
    public struct Iterator: AsyncIteratorProtocol {
      private let sequence: ProgressSequence
      private var run: RunningTraining?

      fileprivate init(sequence: ProgressSequence) { self.sequence = sequence }

      /// The next report; nil after the last one.
      public mutating func next() async throws -> Progress? {
        if run == nil {
          try Task.checkCancellation()
          run = RunningTraining(sequence)
        }
        return try await run?.next()
      }
    }
  }
}

/// The consumer's end of a run: when the iterator is gone, the run stops.
private final class RunningTraining: Sendable {
  private let mailbox = ProgressMailbox()
  private let stop: StopFlag

  init(_ sequence: Trainer.ProgressSequence) {
    let mailbox = mailbox
    stop = sequence.trainer.makeStopFlag()
    sequence.trainer.start(sequence.data, sequence.epochs, sequence.validation, stop) { progress in
      mailbox.put(progress)
      return .continue
    } _: { outcome in
      mailbox.finish(outcome)
    }
  }

  deinit { stop.set() }

  func next() async throws -> Trainer.Progress? {
    while true {
      let delivery = await withTaskCancellationHandler {
        await mailbox.take()
      } onCancel: {
        stop.set()
      }
      switch delivery {
      case .progress(let progress):
        // A cancelled consumer waits for the thread to let go of the model, unless this was the last report anyway.
        if !Task.isCancelled || progress.result != nil { return progress }
      case .end(let outcome):
        if try !outcome.get().isComplete, Task.isCancelled { throw CancellationError() }
        return nil
      }
    }
  }
}
