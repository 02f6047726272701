import CVAE
import Foundation
import Testing

@Suite struct AsyncTrainingTests {
  private let rows = patternRows(300)

  private func makeTrainer(
    _ configuration: TrainingConfiguration = TrainingConfiguration(batchSize: 30, seed: 2)
  ) throws -> Trainer {
    try Trainer(VAE(smallConfiguration), configuration: configuration)
  }

  @Test func asynchronousAndBlockingFormsAgree() async throws {
    let (first, second) = (try makeTrainer(), try makeTrainer())
    let result = try await first.fit(rows, epochs: 3, validation: rows)
    #expect(result.isComplete && result.epochs.count == 3)
    let blocking = try train(second, epochs: 3)
    #expect(result.epochs.map(\.training) == blocking.epochs.map(\.training))
    #expect(try first.model.serialized() == second.model.serialized())
  }

  private func train(_ trainer: Trainer, epochs: Int) throws -> TrainingResult {
    try trainer.fitBlocking(rows, epochs: epochs)
  }

  @Test func sequenceEndsWithTheResult() async throws {
    let trainer = try makeTrainer()
    var ends: [Int] = []
    var last: Trainer.Progress?
    for try await progress in trainer.training(on: rows, epochs: 5, validation: rows) {
      if progress.isEpochEnd { ends.append(progress.epoch) }
      last = progress
      // A slow consumer gets every end of an epoch all the same.
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(ends == [1, 2, 3, 4, 5])
    #expect(last?.result?.isComplete == true)
    #expect(last?.result?.epochs.count == 5)
    #expect(last?.validation != nil)
    // Each iteration is a run.
    var iterator = trainer.training(on: rows, epochs: 1).makeAsyncIterator()
    while try await iterator.next() != nil {}
    #expect(try await iterator.next() == nil)
    #expect(try trainer.info.epoch == 6)
  }

  @Test func sequenceThrowsWhatTrainingThrows() async throws {
    let trainer = try makeTrainer()
    var bad = rows
    bad[40] = .nan
    await #expect { for try await _ in trainer.training(on: bad, epochs: 1) {} } throws: {
      ($0 as? VAEError)?.code == .data
    }
    let message = "data: 3 values are no whole number of rows of 16, the model's input dimension"
    await #expect(throws: VAEError(.mismatch, message)) { try await trainer.fit([1, 2, 3], epochs: 1) }
  }

  @Test func leavingTheLoopStops() async throws {
    let trainer = try makeTrainer()
    for try await progress in trainer.training(on: rows, epochs: 1_000_000) where progress.epoch == 2 { break }
    // These wait until the thread has let go of the model.
    try trainer.model.setParameter("decoder.0.bias", to: [Float](repeating: 0, count: 24))
    let epoch = try trainer.info.epoch
    #expect(epoch >= 1 && epoch < 1_000_000)
    try await Task.sleep(for: .milliseconds(50))
    #expect(try trainer.info.epoch == epoch)
    try trainer.step(rows)
  }

  @Test func stopEndsAnAbandonedLoop() async throws {
    let trainer = try makeTrainer()
    trainer.stop()  // no run: nothing to stop
    // As at the top level of a script, the iterator outlives the loop.
    var iterator = trainer.training(on: rows, epochs: 1_000_000).makeAsyncIterator()
    while let progress = try await iterator.next(), progress.epoch < 2 {}
    trainer.stop()
    // This waits until the thread has let go of the model.
    try trainer.step(rows)
    let info = try trainer.info
    #expect(info.epoch >= 1 && info.epoch < 1_000_000)
    try await Task.sleep(for: .milliseconds(50))
    #expect(try trainer.info.step == info.step)
    // What was reported before the stop may still come; then the sequence ends without an error.
    while let progress = try await iterator.next() { #expect(progress.result == nil) }
    // The next run is not concerned.
    #expect(try await trainer.fit(rows, epochs: 1).isComplete)
  }

  @Test func stopEndsFit() async throws {
    let trainer = try makeTrainer()
    let result = try await trainer.fit(rows, epochs: 1_000_000) { progress in
      if progress.epoch == 3 { trainer.stop() }
      return .continue
    }
    #expect(!result.isComplete && result.epochs.count >= 2 && result.epochs.count <= 3)
    let blocking = try await Task.detached { try self.trainUntilStopped(trainer) }.value
    #expect(!blocking.isComplete)
  }

  private func trainUntilStopped(_ trainer: Trainer) throws -> TrainingResult {
    try trainer.fitBlocking(rows, epochs: 1_000_000) { _ in
      trainer.stop()
      return .continue
    }
  }

  @Test func cancellingFitThrowsAndKeepsTheModel() async throws {
    let trainer = try makeTrainer()
    let started = Shared(false)
    let task = Task {
      try await trainer.fit(rows, epochs: 1_000_000) { _ in
        started.value = true
        return .continue
      }
    }
    while !started.value { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // The thread has let go already.
    let info = try trainer.info
    #expect(info.step > 0)
    try await Task.sleep(for: .milliseconds(50))
    #expect(try trainer.info.step == info.step)
    #expect(try trainer.model.evaluate(rows).loss.isFinite)
    #expect(try await trainer.fit(rows, epochs: 1).isComplete)
  }

  @Test func cancellingWithinAnEpochIsQuick() async throws {
    // One epoch takes far longer than the test may.
    let trainer = try makeTrainer(slowTraining)
    let many = patternRows(100_000)
    let (reports, late, cancelled) = (Shared(0), Shared(0), Shared(false))
    let task = Task {
      try await trainer.fit(many, epochs: 100) { _ in
        reports.update { $0 += 1 }
        if cancelled.value { late.update { $0 += 1 } }
        return .continue
      }
    }
    while reports.value == 0 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    cancelled.value = true
    await #expect(throws: CancellationError.self) { try await task.value }
    // Reports come about ten times a second: the next one ends the run, however busy the machine. One may be under way.
    #expect(late.value <= 1)
    let info = try trainer.info
    #expect(info.epoch == 0 && info.batch > 0)
  }

  @Test func cancellingTheConsumerThrows() async throws {
    let trainer = try makeTrainer()
    let seen = Shared(0)
    let task = Task {
      for try await _ in trainer.training(on: rows, epochs: 1_000_000) { seen.update { $0 += 1 } }
    }
    while seen.value == 0 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let step = try trainer.info.step
    try await Task.sleep(for: .milliseconds(50))
    #expect(try trainer.info.step == step)
  }

  @Test func aCancelledTaskDoesNotStart() async throws {
    let trainer = try makeTrainer()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await trainer.fit(rows, epochs: 1)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try trainer.info.step == 0)
  }

  @Test func stoppingIsNoError() async throws {
    let result = try await makeTrainer().fit(rows, epochs: 100) { $0.epoch == 3 && $0.isEpochEnd ? .stop : .continue }
    #expect(!result.isComplete)
    #expect(result.epochs.count == 3)
  }

  @Test func aSecondRunIsRefused() async throws {
    let trainer = try makeTrainer()
    var iterator = trainer.training(on: rows, epochs: 1_000_000).makeAsyncIterator()
    _ = try await iterator.next()
    await #expect { try await trainer.fit(rows, epochs: 1) } throws: { ($0 as? VAEError)?.code == .busy }
    let error = thrownError { try trainer.model.setParameter("decoder.0.bias", to: [Float](repeating: 0, count: 24)) }
    #expect(error?.code == .busy)
    _ = try await iterator.next()
  }

  @Test func trainingIsNotOnTheCooperativePool() async throws {
    #expect(withUnsafeCurrentTask { $0 != nil })
    let trainer = try makeTrainer()
    let (inTask, epochs, stop) = (Shared(false), Shared(0), Shared(false))
    let training = Task {
      try await trainer.fit(rows, epochs: 10_000_000) { progress in
        if withUnsafeCurrentTask(body: { $0 != nil }) { inTask.value = true }
        epochs.value = progress.epoch
        return stop.value ? .stop : .continue
      }
    }
    while epochs.value == 0 { try await Task.sleep(for: .milliseconds(1)) }

    // Block every thread of the pool, and see training go on meanwhile.
    let width = ProcessInfo.processInfo.activeProcessorCount
    let blocked = Shared(0)
    let deadline = ContinuousClock.now + .seconds(20)
    let sawProgress = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<width {
        group.addTask {
          blocked.update { $0 += 1 }
          while blocked.value < width, ContinuousClock.now < deadline { usleep(1000) }
          let before = epochs.value
          while epochs.value < before + 5, ContinuousClock.now < deadline { usleep(1000) }
          return epochs.value >= before + 5
        }
      }
      return await group.reduce(into: true) { $0 = $0 && $1 }
    }
    stop.value = true
    #expect(try await training.value.isComplete == false)
    #expect(sawProgress)
    #expect(!inTask.value)
  }

  @Test func theModelIsReadWhileItIsTrained() async throws {
    // One long epoch: readers get in between its mini-batches, not only at its end.
    let trainer = try makeTrainer(slowTraining)
    let model = trainer.model
    let many = patternRows(100_000)
    let (started, stop, finished) = (Shared(false), Shared(false), Shared(false))
    let training = Task {
      let result = try await trainer.fit(many, epochs: 1) { _ in
        started.value = true
        return stop.value ? .stop : .continue
      }
      finished.value = true
      return result
    }
    while !started.value { try await Task.sleep(for: .milliseconds(1)) }
    for _ in 0..<3 {
      // A snapshot between two mini-batches is a whole model.
      let snapshot = try VAE(bytes: model.serialized())
      #expect(try snapshot.encode(rows).mean.allSatisfy(\.isFinite))
      #expect(try model.encode(rows).count == 300)
    }
    #expect(!finished.value)
    stop.value = true
    #expect(try await training.value.isComplete == false)
  }

  @Test func readersAndTrainingDoNotStarveEachOther() async throws {
    let trainer = try makeTrainer()
    let done = Shared(false)
    let reads = Shared(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          while !done.value {
            _ = try trainer.model.encode(Array(rows.prefix(160)))
            reads.update { $0 += 1 }
            await Task.yield()
          }
        }
      }
      group.addTask {
        try await trainer.fit(rows, epochs: 50)
        done.value = true
      }
      try await group.waitForAll()
    }
    #expect(try trainer.info.epoch == 50)
    #expect(reads.value > 0)
  }
}
