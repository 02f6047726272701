import CVAE
import Foundation
import Testing

@Suite struct TrainerTests {
  private let training = TrainingConfiguration(batchSize: 32, learningRate: 5e-3, seed: 1)

  @Test func trainingReducesTheLoss() throws {
    let model = try VAE(smallConfiguration)
    let (rows, heldOut) = (patternRows(600), patternRows(200, seed: 9))
    let before = try model.evaluate(heldOut)
    let trainer = try Trainer(model, configuration: training)
    let result = try trainer.fitBlocking(rows, epochs: 30, validation: heldOut)
    #expect(result.isComplete)
    #expect(result.epochs.count == 30)
    #expect(result.epochs.map(\.trainerEpoch) == Array(1...30))
    let (first, last) = (try #require(result.epochs.first), try #require(result.epochs.last))
    #expect(last.training.loss < first.training.loss)
    #expect(last.training.examples == 600)
    #expect(last.validation?.examples == 200)
    #expect(try #require(result.validation).loss < 0.8 * before.loss)
    // Validation is evaluation with seed 0.
    #expect(try model.evaluate(heldOut) == result.validation)
    #expect(model.trainingConfiguration == training)
    let info = try trainer.info
    #expect(info.epoch == 30 && info.batch == 0 && info.step == 30 * 19 && info.threads >= 1 && info.bytes > 0)
    #expect(InstructionSet.available.contains(info.instructionSet))
  }

  @Test func everyEpochIsReported() throws {
    let trainer = try Trainer(VAE(smallConfiguration), configuration: training)
    var ends: [Trainer.Progress] = []
    let result = try trainer.fitBlocking(patternRows(100), epochs: 3, validation: patternRows(20)) { progress in
      if progress.isEpochEnd { ends.append(progress) }
      return .continue
    }
    #expect(ends.map(\.epoch) == [1, 2, 3])
    #expect(ends.allSatisfy { $0.epochs == 3 && $0.batch == 4 && $0.batches == 4 })
    #expect(ends.map(\.step) == [4, 8, 12])
    #expect(ends.allSatisfy { $0.training.examples == 100 && $0.validation?.examples == 20 })
    #expect(ends.allSatisfy { $0.examplesPerSecond > 0 && $0.elapsed > .zero })
    #expect(ends.map { $0.result != nil } == [false, false, true])
    #expect(ends.last?.remaining == .zero)
    #expect(ends.last?.result?.isComplete == true)
    #expect(result.epochs.map(\.training) == ends.map(\.training))
    // A second run counts its own epochs, and goes on with the trainer's.
    var next: Trainer.Progress?
    try trainer.fitBlocking(patternRows(100), epochs: 1) { progress in
      next = progress
      return .continue
    }
    #expect(next?.epoch == 1 && next?.trainerEpoch == 4 && next?.validation == nil)
  }

  @Test func stoppingAtTheEndOfAnEpoch() throws {
    let trainer = try Trainer(VAE(smallConfiguration), configuration: training)
    let result = try trainer.fitBlocking(patternRows(100), epochs: 1000) { progress in
      progress.isEpochEnd && progress.epoch == 2 ? .stop : .continue
    }
    #expect(!result.isComplete)
    #expect(result.epochs.count == 2)
    #expect(try trainer.info.epoch == 2)
  }

  @Test func stoppingWithinAnEpochLosesNothing() throws {
    let rows = patternRows(12_000)
    let stopped = try VAE(smallConfiguration)
    let trainer = try Trainer(stopped, configuration: slowTraining)
    var within: Trainer.Progress?
    let result = try trainer.fitBlocking(rows, epochs: 1) { progress in
      within = progress
      return .stop
    }
    let progress = try #require(within)
    #expect(!progress.isEpochEnd && progress.batch > 0 && progress.batch < progress.batches)
    #expect(progress.training.examples == progress.batch)
    #expect(progress.remaining > .zero)
    #expect(!result.isComplete && result.epochs.isEmpty)
    let info = try trainer.info
    #expect(info.epoch == 0 && info.batch == progress.batch)
    #expect(try stopped.evaluate(patternRows(10)).loss.isFinite)

    var first: Trainer.Progress?
    let rest = try trainer.fitBlocking(rows, epochs: 1) { progress in
      if first == nil { first = progress }
      return .continue
    }
    #expect(rest.isComplete && rest.epochs.count == 1)
    let resumed = try #require(first)
    #expect(resumed.batch > progress.batch)
    // Speed and time left count from the resumption.
    let rate = Double(resumed.batch - progress.batch) / (resumed.elapsed / .seconds(1))
    #expect(abs(resumed.examplesPerSecond / rate - 1) < 0.5)
    #expect(rest.training?.examples == 12_000)

    let whole = try VAE(smallConfiguration)
    try Trainer(whole, configuration: slowTraining).fitBlocking(rows, epochs: 1)
    #expect(try whole.serialized() == stopped.serialized())
  }

  @Test func otherDataBeginTheEpochAnew() throws {
    let trainer = try Trainer(VAE(smallConfiguration), configuration: slowTraining)
    var stopped: Trainer.Progress?
    try trainer.fitBlocking(patternRows(12_000), epochs: 1) { progress in
      stopped = progress
      return .stop
    }
    #expect(try #require(stopped).batch > 0)
    var first: Trainer.Progress?
    try trainer.fitBlocking(patternRows(11_000), epochs: 1) { progress in
      first = progress
      return .stop
    }
    // Nothing was skipped, so the speed is that of all mini-batches of the epoch.
    let progress = try #require(first)
    #expect(progress.step == (try #require(stopped)).step + progress.batch)
    let rate = Double(progress.batch) / (progress.elapsed / .seconds(1))
    #expect(abs(progress.examplesPerSecond / rate - 1) < 0.1)
    let left = progress.elapsed * (Double(progress.batches - progress.batch) / Double(progress.batch))
    #expect(abs(progress.remaining / left - 1) < 0.1)
  }

  @Test func aRunIsResumedToTheBit() throws {
    let rows = Rows(patternRows(500).map { UInt8($0 * 255) }, columns: 16)
    try withTemporaryFile { path in
      let model = try VAE(smallConfiguration)
      let trainer = try Trainer(model, configuration: training)
      try trainer.fitBlocking(rows, epochs: 2)
      try trainer.save(to: path)
      try trainer.fitBlocking(rows, epochs: 2)

      let other = try VAE(smallConfiguration, seed: 99)
      let resumed = try Trainer(other, configuration: TrainingConfiguration(seed: 5, threads: 1, keepsGradients: true))
      try resumed.restore(from: path)
      #expect(try resumed.info.epoch == 2)
      var expected = training
      expected.threads = 1
      expected.keepsGradients = true
      #expect(resumed.configuration == expected)
      try resumed.fitBlocking(rows, epochs: 2)
      #expect(try other.serialized() == model.serialized())
      // A state is a model, too.
      #expect(try VAE(contentsOf: path).configuration == smallConfiguration)

      let foreign = try Trainer(VAE(VAE.Configuration(input: 16, hidden: [24], latent: 4)))
      #expect(thrownError { try foreign.restore(from: path) }?.code == .mismatch)
      #expect(thrownError { try resumed.restore(from: path + ".missing") }?.code == .io)
    }
  }

  @Test func equalRunsGiveEqualBytes() throws {
    func train(threads: Int, seed: UInt64) throws -> [UInt8] {
      let model = try VAE(smallConfiguration)
      let configuration = TrainingConfiguration(batchSize: 50, seed: seed, threads: threads)
      try Trainer(model, configuration: configuration).fitBlocking(patternRows(330), epochs: 2)
      return try model.serialized()
    }
    let first = try train(threads: 1, seed: 4)
    #expect(try train(threads: 1, seed: 4) == first)
    #expect(try train(threads: 2, seed: 4) == first)
    #expect(try train(threads: 3, seed: 4) == first)
    #expect(try train(threads: 1, seed: 5) != first)
  }

  @Test func stepsLeaveTheirGradients() throws {
    let model = try VAE(smallConfiguration)
    let rows = patternRows(8)
    let noise = (0..<24).map { Float($0 % 5) / 2 - 1 }
    let expected = try model.lossAndGradients(rows, noise: noise)
    let trainer = try Trainer(model, configuration: TrainingConfiguration(keepsGradients: true))
    #expect(thrownError { _ = try trainer.gradient(named: "decoder.mean.bias") }?.code == .invalidArgument)
    let loss = try trainer.step(rows, noise: noise)
    #expect(abs(loss.loss - expected.loss.loss) < 1e-5 * abs(loss.loss))
    for (name, gradient) in expected.gradients {
      #expect(relativeError(try trainer.gradient(named: name), gradient) < 1e-5, "\(name)")
    }
    #expect(try trainer.info.step == 1)
    #expect(try trainer.info.epoch == 0)
    let forgetful = try Trainer(model)
    try forgetful.step(rows)
    #expect(thrownError { _ = try forgetful.gradient(named: "decoder.mean.bias") }?.code == .invalidArgument)
  }

  @Test func theCallbackMayReadButNotChange() throws {
    let model = try VAE(smallConfiguration)
    let trainer = try Trainer(model, configuration: training)
    let rows = patternRows(100)
    try withTemporaryFile { path in
      var errors: [VAEError?] = []
      var read = 0
      try trainer.fitBlocking(rows, epochs: 2) { _ in
        do {
          _ = try model.encode(rows)
          try trainer.save(to: path)
          _ = try VAE(contentsOf: path)
          read += 1
        } catch {
          Issue.record(error)
        }
        errors.append(thrownError { try model.setParameter("decoder.0.bias", to: [Float](repeating: 0, count: 24)) })
        errors.append(thrownError { try trainer.step(rows) })
        errors.append(thrownError { try trainer.fitBlocking(rows, epochs: 1) })
        errors.append(thrownError { try trainer.restore(from: path) })
        errors.append(thrownError { _ = try Trainer(model) })
        return .continue
      }
      #expect(read >= 2)
      #expect(errors.allSatisfy { $0?.code == .busy })
    }
    // Afterwards it is free again.
    try model.setParameter("decoder.0.bias", to: [Float](repeating: 0, count: 24))
    try trainer.step(rows)
  }

  @Test func badDataStopsTrainingAndKeepsTheModel() throws {
    let model = try VAE(smallConfiguration)
    let trainer = try Trainer(model, configuration: training)
    var rows = patternRows(100)
    rows[77 * 16 + 5] = .nan
    let before = try VAE(bytes: model.serialized())
    let error = try #require(thrownError { try trainer.fitBlocking(rows, epochs: 1) })
    #expect(error.code == .data)
    #expect(error.message.contains("77") && error.message.contains("5"), "\(error.message)")
    for parameter in model.parameters {
      #expect(try model.parameter(named: parameter.name).allSatisfy(\.isFinite))
    }
    #expect(try before.encode(patternRows(2)).mean.allSatisfy(\.isFinite))

    #expect(
      thrownError { try trainer.fitBlocking(patternRows(3), epochs: 1, validation: [Float](repeating: 0, count: 5)) }
        == VAEError(
          .mismatch, "validation data: 5 values are no whole number of rows of 16, the model's input dimension"))
    #expect(
      thrownError { try trainer.fitBlocking(patternRows(3), epochs: -1) }
        == VAEError(.invalidArgument, "epochs is -1; it must not be negative"))
    #expect(try trainer.fitBlocking(patternRows(3), epochs: 0).isComplete)
    // And it still trains.
    #expect(try trainer.fitBlocking(patternRows(100), epochs: 1).isComplete)
  }

  @Test func divergenceIsNamed() throws {
    let model = try VAE(VAE.Configuration(input: 16, hidden: [8], latent: 2, likelihood: .gaussian(sigma: 1e-4)))
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 4, learningRate: 1000))
    let rows = patternRows(64).map { $0 * 1e18 }
    let error = try #require(thrownError { try trainer.fitBlocking(rows, epochs: 20) })
    #expect(error.code == .notFinite)
    #expect(error.message.contains("epoch"), "\(error.message)")
    for parameter in model.parameters {
      #expect(try model.parameter(named: parameter.name).allSatisfy(\.isFinite))
    }
  }
}
