internal import CLibVAE

extension Trainer {
  /// Trains for a number of epochs on the calling thread, and returns when they are done.
  ///
  /// Rows are read in an order shuffled by (seed, epoch). Where the run before was stopped within an epoch, the first
  /// epoch of this one is the rest of it, as long as the data have the same number of rows.
  ///
  /// ``stop()`` from another thread ends it before the next mini-batch. In asynchronous code use `await trainer.fit(…)`,
  /// which does not block, or ``training(on:epochs:validation:)``.
  ///
  /// - Parameters:
  ///   - data: `[n, inputDimension]`, at least one row.
  ///   - epochs: how often to pass over all rows; 0 does nothing.
  ///   - validation: rows to measure the objective on after each epoch, always with the same noise (seed 0).
  ///   - onProgress: called on this thread between mini-batches, about ten times a second, and once at the end of each
  ///     epoch. It may read and save the model and the trainer.
  /// - Returns: the losses of each epoch; ``TrainingResult/isComplete`` is false where `onProgress` or ``stop()`` ended the run.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong shape, `.data` for a value that the likelihood cannot take,
  ///   `.notFinite` where training diverges (parameters are those before that mini-batch), `.busy` while the model is
  ///   trained already, or `.outOfMemory`.
  @available(*, noasync, message: "blocks the thread for the whole run; use 'await trainer.fit(…)'")
  @discardableResult
  public func fitBlocking(
    _ data: some RowSource, epochs: Int, validation: (any RowSource)? = nil,
    onProgress: (Progress) -> Decision = { _ in .continue }
  ) throws(VAEError) -> TrainingResult {
    let stop = makeStopFlag()
    defer { forget(stop) }
    return try run(data.rows, epochs: epochs, validation: validation?.rows, stop: stop, onProgress)
  }

  /// Trains on the calling thread until the epochs are done, `stop` is set or `onProgress` says so.
  func run(
    _ data: Rows, epochs: Int, validation: Rows?, stop: StopFlag, _ onProgress: (Progress) -> Decision
  ) throws(VAEError) -> TrainingResult {
    guard epochs >= 0 else { throw VAEError(.invalidArgument, "epochs is \(epochs); it must not be negative") }
    return try data.withData(for: model.configuration) { data throws(VAEError) in
      // The shape of the validation data is checked before the first epoch, not after it.
      try validation?.withData(for: model.configuration, what: "validation data") { _ throws(VAEError) in }
      return try model.gate.run(stop: stop) { () throws(VAEError) in
        let run = try TrainingRun(self, data, epochs: epochs, validation: validation, stop: stop)
        return try run.run(onProgress)
      }
    }
  }
}
