import CVAE
import Foundation
import Testing

/// What changes in the course of a run, and how it ends early. The formulas are checked in C.
@Suite struct ScheduleTests {
  /// Everything at once.
  private static func full(_ schedule: LearningRateSchedule, _ warmUp: WarmUp) -> TrainingConfiguration {
    TrainingConfiguration(
      batchSize: 25, objective: .elbo(beta: 2).binarized(), learningRate: 4e-3, seed: 5, schedule: schedule,
      warmUp: warmUp, weightDecay: 0.125, clipNorm: 50, patience: 9)
  }

  private static let configurations = [
    full(.exponential(decay: 0.5), .linear(epochs: 4)),
    full(.cosine(epochs: 7.5, floor: 1e-4), .cyclic(epochs: 6, cycles: 3, share: 0.25)),
    full(.steps(decay: 0.1, milestones: [1, 2, 4]), .none), full(.burda, .linear(epochs: 0.5)),
    TrainingConfiguration(batchSize: 25),
  ]

  /// Through C, a model file, a trainer's file and JSON.
  @Test(arguments: configurations) func roundTrips(_ training: TrainingConfiguration) throws {
    let model = try VAE(smallConfiguration)
    let trainer = try Trainer(model, configuration: training)
    try trainer.fitBlocking(patternRows(50), epochs: 1, validation: patternRows(10))
    #expect(model.trainingConfiguration == training)
    #expect(try VAE(bytes: model.serialized()).trainingConfiguration == training)
    let json = try JSONEncoder().encode(training)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: json) == training)
    try withTemporaryFile { path in
      try trainer.save(to: path)
      let other = try Trainer(VAE(smallConfiguration))
      try other.restore(from: path)
      #expect(other.configuration == training)
    }
  }

  @Test func namesAreThoseOfTheLibrary() {
    #expect(
      LearningRateSchedule.Kind.allCases.map(\.description) == ["constant", "exponential", "cosine", "steps", "burda"])
    #expect(WarmUp.Kind.allCases.map(\.description) == ["none", "linear", "cyclic"])
    #expect(VAE.Objective.Binarization.allCases.map(\.description) == ["none", "dynamic"])
    #expect(LearningRateSchedule.Kind("cosine") == .cosine && WarmUp.Kind("cyclic") == .cyclic)
    #expect(
      LearningRateSchedule.Kind("step") == nil && WarmUp.Kind("") == nil && VAE.Objective.Binarization("x") == nil)
  }

  @Test func infoTellsTheLastStep() throws {
    let training = Self.full(.steps(decay: 0.5, milestones: [1]), .linear(epochs: 2))
    let trainer = try Trainer(VAE(smallConfiguration), configuration: training)
    #expect(try trainer.info.learningRate == 0 && trainer.info.best == nil)
    try trainer.fitBlocking(patternRows(50), epochs: 2, validation: patternRows(10)) { progress in
      guard progress.isEpochEnd, let info = try? trainer.info else { return .continue }
      // The second of two mini-batches begins in the middle of the epoch.
      let time = Double(progress.epoch) - 0.5
      #expect(info.learningRate == (progress.epoch == 1 ? 4e-3 : 2e-3))
      #expect(abs(info.beta - 2 * time / 2) < 1e-12)
      #expect(info.gradientNorm > 0)
      // What is held out is measured with the whole beta.
      guard let held = progress.validation else { return .stop }
      #expect(abs(held.loss - held.reconstruction - 2 * held.kl) < 1e-9 * held.loss)
      return .continue
    }
  }

  /// A learning rate that soon makes the loss worse: the run ends, with the best state in place, which goes on as it
  /// did.
  @Test func patienceKeepsTheBest() throws {
    let (rows, heldOut) = (patternRows(30), patternRows(60, seed: 8))
    let training = TrainingConfiguration(batchSize: 10, learningRate: 0.02, seed: 2, patience: 3)
    let model = try VAE(smallConfiguration, seed: 1)
    let trainer = try Trainer(model, configuration: training)
    var saved: [UInt8] = []
    let result = try trainer.fitBlocking(rows, epochs: 500, validation: heldOut) { progress in
      if progress.isBest, let bytes = try? model.serialized() { saved = bytes }
      return .continue
    }
    #expect(result.isStoppedEarly && result.isComplete && result.epochs.count < 500)
    let best = try #require(result.best)
    #expect(best.trainerEpoch == result.epochs.count - 3)
    let losses = result.epochs.compactMap { $0.validation?.loss }
    #expect(best.validation?.loss == losses.min())
    #expect(try model.evaluate(heldOut).loss == losses.min())
    #expect(try model.serialized() == saved)
    let info = try trainer.info
    #expect(info.epoch == best.trainerEpoch && info.best?.epoch == info.epoch && info.best?.loss == losses.min())

    let again = try trainer.fitBlocking(rows, epochs: 500, validation: heldOut)
    #expect(again.best == nil && again.isStoppedEarly)
    #expect(again.epochs.compactMap { $0.validation?.loss } == Array(losses.suffix(3)))
    #expect(try model.serialized() == saved)
  }

  @Test func judgingByHand() throws {
    let model = try VAE(smallConfiguration)
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 10, patience: 1))
    #expect(thrownError { try trainer.takeBest() }?.code == .invalidArgument)
    #expect(thrownError { _ = try trainer.judge(.nan) }?.code == .invalidArgument)
    #expect(try trainer.judge(3) == false)
    let first = try model.serialized()
    try trainer.step(patternRows(10))
    #expect(try trainer.judge(4))
    #expect(try trainer.info.waited == 1)
    try trainer.takeBest()
    #expect(try trainer.info.step == 0)
    for name in model.parameters.map(\.name) {
      #expect(try model.parameter(named: name) == VAE(bytes: first).parameter(named: name))
    }
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    func message(_ training: TrainingConfiguration, _ likelihood: VAE.Likelihood = .bernoulli) -> String? {
      thrownError {
        let configuration = VAE.Configuration(input: 16, hidden: [], latent: 2, likelihood: likelihood)
        try Trainer(VAE(configuration), configuration: training)
          .fitBlocking([Float](repeating: 0, count: 16), epochs: 1)
      }?.message
    }
    #expect(message(TrainingConfiguration()) == nil)
    #expect(
      message(TrainingConfiguration(objective: .importanceWeighted(samples: 2), warmUp: .linear(epochs: 1)))?
        .contains("no separate KL") == true)
    #expect(message(TrainingConfiguration(objective: .elbo.binarized()), .gaussian())?.contains("gaussian") == true)
    #expect(message(TrainingConfiguration(patience: 2))?.contains("validation") == true)
    #expect(message(TrainingConfiguration(patience: -1))?.contains("patience") == true)
    #expect(message(TrainingConfiguration(schedule: .exponential(decay: 0)))?.contains("rate_decay") == true)
    for milestones in [[], [0], [3, 2], [-1], Array(1...17)] {
      let training = TrainingConfiguration(schedule: .steps(decay: 0.5, milestones: milestones))
      #expect(message(training)?.contains("milestone") == true)
    }
  }
}
