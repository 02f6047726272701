import CVAE
import Foundation
import Testing

private typealias Objective = VAE.Objective

/// One objective for each thing that can be said.
private let objectives: [VAE.Objective] = [
  .importanceWeighted(samples: 3, estimator: .doublyReparameterized),
  .elbo(samples: 2, beta: 0.5).withFreeBits(0.25),
  .elbo(beta: 0).withCapacity(1.5, weight: 20),
  .elbo.withFreeBits(0.1).withCapacity(2, weight: 3).regularized(by: .totalCorrelation(weight: 5)),
  .elbo.regularized(by: .totalCorrelation(weight: -0.5, dataRows: 1000)),
  .elbo.regularized(by: .dipI(weight: 2, diagonalWeight: 7)),
  .elbo.regularized(by: .dipII(weight: 3, diagonalWeight: 0.5)),
  .elbo(beta: 0).regularized(by: .mmdRBF(weight: 10)),
  .elbo.regularized(by: .mmdRBF(weight: 10, kernelScale: 2.5)),
  .elbo(beta: 0.1).regularized(by: .mmdIMQ(weight: 4, kernelScale: 0.5)),
  .elbo.regularized(by: .slicedWasserstein(weight: 6)),
  .elbo.binarized().regularized(by: .slicedWasserstein(weight: 6, projections: 17)),
]

@Suite struct ObjectiveTests {
  let model: VAE
  let rows = patternRows(40)

  init() throws { model = try VAE(smallConfiguration, seed: 4) }

  /// Through C, a model file, a trainer's file and JSON; and nothing is lost between the file's keys and Swift's.
  @Test(arguments: objectives) func roundTrips(_ objective: VAE.Objective) throws {
    var training = TrainingConfiguration(batchSize: 16, objective: objective, seed: 9)
    training.dropout = 0.25
    if objective.capacityWeight > 0 { training.capacityEpochs = 12.5 }
    let trainer = try Trainer(model, configuration: training)
    try trainer.fitBlocking(rows, epochs: 1)
    #expect(model.trainingConfiguration == training)
    let bytes = try model.serialized()
    #expect(try VAE(bytes: bytes).trainingConfiguration == training)
    try withTemporaryFile { path in
      try trainer.save(to: path)
      let other = try Trainer(VAE(smallConfiguration))
      try other.restore(from: path)
      #expect(other.configuration == training)
    }
    let json = try JSONEncoder().encode(training)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: json) == training)
    let written = try #require(try JSONSerialization.jsonObject(with: json) as? NSDictionary)
    let config = try JSONSerialization.jsonObject(with: Data(metadata(bytes).utf8)) as? [String: Any]
    #expect(written == (config?["training"] as? NSDictionary))
  }

  /// The configuration in a model file's header.
  private func metadata(_ bytes: [UInt8]) throws -> String {
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<(8 + length)])) as? [String: Any]
    return try #require((header?["__metadata__"] as? [String: String])?["libvae.config"])
  }

  /// The divergence of each latent, averaged over the rows.
  private func latentKL() throws -> [Double] {
    let posterior = try model.encode(rows)
    var sums = [Double](repeating: 0, count: posterior.dimension)
    for (index, (mean, logvar)) in zip(posterior.mean, posterior.logvar).enumerated() {
      let (mean, logvar) = (Double(mean), Double(logvar))
      sums[index % posterior.dimension] += 0.5 * (mean * mean + exp(logvar) - 1 - logvar)
    }
    return sums.map { $0 / Double(posterior.count) }
  }

  @Test func freeBitsRaiseWhatIsSmall() throws {
    let kl = try latentKL().sorted()
    let floor = (kl[0] + kl[1]) / 2
    let loss = try model.lossAndGradients(rows, objective: .elbo(beta: 0.5).withFreeBits(floor)).loss
    #expect(abs(loss.penalty - 0.5 * (floor - kl[0])) < 1e-5, "\(loss)")
    #expect(abs(loss.loss - loss.reconstruction - 0.5 * loss.kl - loss.penalty) < 1e-9)
    #expect(abs(loss.kl - kl.reduce(0, +)) < 1e-4)
    #expect(try model.lossAndGradients(rows, objective: Objective.elbo.withFreeBits(1e-9)).loss.penalty < 1e-8)
  }

  @Test func capacityIsADistance() throws {
    for target in [0.001, 50] {
      let loss = try model.lossAndGradients(rows, objective: .elbo(beta: 0).withCapacity(target, weight: 3)).loss
      #expect(abs(loss.penalty - 3 * abs(loss.kl - target)) < 1e-6 * (1 + loss.penalty), "\(loss)")
      #expect(abs(loss.loss - loss.reconstruction - loss.penalty) < 1e-6 * loss.loss)
    }
  }

  @Test(arguments: objectives.filter { $0.regularizer.kind != .none })
  func regularizersAreAddedToTheLoss(_ objective: VAE.Objective) throws {
    let loss = try model.lossAndGradients(rows, objective: objective).loss
    #expect(loss.penalty.isFinite && loss.penalty != 0)
    #expect(abs(loss.loss - loss.reconstruction - objective.beta * loss.kl - loss.penalty) < 1e-6 * abs(loss.loss))
    // Twice the weight is twice the term, and one row has none.
    let (one, two) = (with(objective, weight: 1), with(objective, weight: 2))
    let single = try model.lossAndGradients(rows, objective: one).loss.penalty
    #expect(abs(try model.lossAndGradients(rows, objective: two).loss.penalty - 2 * single) < 1e-4 * abs(single))
    #expect(try model.lossAndGradients(Array(rows.prefix(16)), objective: one).loss.penalty == 0)
  }

  /// The regularizer alone, with another weight (of both of its parts).
  private func with(_ objective: VAE.Objective, weight: Double) -> VAE.Objective {
    let own = objective.regularizer
    return .elbo.regularized(
      by: VAE.Objective.Regularizer(
        kind: own.kind, weight: weight, diagonalWeight: own.diagonalWeight == 0 ? 0 : weight,
        kernelScale: own.kernelScale, projections: own.projections, dataRows: own.dataRows))
  }

  /// Each number of a regularizer changes it, and what is left out is the library's default.
  @Test func theNumbersReachTheLibrary() throws {
    func penalty(_ regularizer: VAE.Objective.Regularizer) throws -> Double {
      try model.lossAndGradients(rows, objective: .elbo.regularized(by: regularizer)).loss.penalty
    }
    #expect(try penalty(.dipI(weight: 1, diagonalWeight: 0)) != penalty(.dipI(weight: 1, diagonalWeight: 1)))
    #expect(try penalty(.dipI(weight: 1, diagonalWeight: 1)) != penalty(.dipII(weight: 1, diagonalWeight: 1)))
    #expect(try penalty(.mmdRBF(weight: 1)) == penalty(.mmdRBF(weight: 1, kernelScale: 6)))
    #expect(try penalty(.mmdIMQ(weight: 1, kernelScale: 5)) != penalty(.mmdIMQ(weight: 1, kernelScale: 6)))
    #expect(try penalty(.slicedWasserstein(weight: 1)) == penalty(.slicedWasserstein(weight: 1, projections: 50)))
    #expect(
      try penalty(.slicedWasserstein(weight: 1, projections: 3))
        != penalty(.slicedWasserstein(weight: 1, projections: 4)))
    #expect(
      try penalty(.totalCorrelation(weight: 1)) == penalty(.totalCorrelation(weight: 1, dataRows: rows.count / 16)))
    #expect(try penalty(.totalCorrelation(weight: 1)) != penalty(.totalCorrelation(weight: 1, dataRows: 1000)))
  }

  @Test func theEstimatorChangesTheGradientAlone() throws {
    let plain = try model.lossAndGradients(rows, objective: .importanceWeighted(samples: 5), seed: 3)
    let other = try model.lossAndGradients(
      rows, objective: .importanceWeighted(samples: 5, estimator: .doublyReparameterized), seed: 3)
    #expect(plain.loss == other.loss)
    for (name, gradient) in plain.gradients {
      #expect((other.gradients[name] == gradient) == name.hasPrefix("decoder"), "\(name)")
    }
    #expect(
      Objective.importanceWeighted(samples: 5, estimator: .plain) == Objective.importanceWeighted(samples: 5))
  }

  @Test func theCapacityRisesOverTheEpochs() throws {
    var training = TrainingConfiguration(batchSize: 20, objective: .elbo(beta: 0).withCapacity(8, weight: 1))
    training.capacityEpochs = 4
    let trainer = try Trainer(model, configuration: training)
    #expect(try trainer.info.capacity == 0)
    var seen: [Double] = []
    try trainer.fitBlocking(rows, epochs: 6) { progress in
      if progress.isEpochEnd, let info = try? trainer.info { seen.append(info.capacity) }
      return .continue
    }
    // The second of two mini-batches begins in the middle of its epoch.
    #expect(seen == [1, 3, 5, 7, 8, 8])
  }

  @Test func dropoutIsOfTrainingAlone() throws {
    var training = TrainingConfiguration(batchSize: 20, learningRate: 1e-3, seed: 2)
    func trained(_ training: TrainingConfiguration) throws -> VAE {
      let model = try VAE(smallConfiguration, seed: 4)
      try Trainer(model, configuration: training).fitBlocking(rows, epochs: 2)
      return model
    }
    let without = try trained(training).serialized()
    training.dropout = 0.5
    let model = try trained(training)
    #expect(try model.parameter(named: "encoder.0.weight") != VAE(bytes: without).parameter(named: "encoder.0.weight"))
    #expect(try model.serialized() == trained(training).serialized())
    #expect(try model.evaluate(rows) == VAE(bytes: model.serialized()).evaluate(rows))
    #expect(try model.encode(rows) == model.encode(rows))
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    let weighted = Objective.importanceWeighted(samples: 2)
    let bad: [(VAE.Objective, String)] = [
      (weighted.withFreeBits(1), "free_bits"), (weighted.withCapacity(1, weight: 1), "capacity"),
      (weighted.regularized(by: .dipI(weight: 1, diagonalWeight: 1)), "regularizer is dip_i"),
      (Objective.elbo.withFreeBits(-1), "free_bits is -1"), (Objective.elbo.withFreeBits(.nan), "free_bits"),
      (Objective.elbo.withCapacity(1, weight: -1), "capacity_weight is -1"),
      (Objective.elbo.regularized(by: .mmdRBF(weight: -1)), "regularizer_weight is -1"),
      (Objective.elbo.regularized(by: .mmdIMQ(weight: 1, kernelScale: -2)), "kernel_scale is -2"),
      (Objective.elbo.regularized(by: .slicedWasserstein(weight: 1, projections: -1)), "projections is -1"),
      (Objective.elbo.regularized(by: .slicedWasserstein(weight: 1, projections: 1 << 20)), "projections is 1048576"),
      (Objective.elbo.regularized(by: .totalCorrelation(weight: 1, dataRows: -4)), "dataRows is -4"),
    ]
    for (objective, part) in bad {
      let error = try #require(thrownError { _ = try model.evaluate(rows, objective: objective) })
      #expect(error.code == .invalidArgument)
      #expect(error.message.contains(part), "\(error.message)")
    }
    var training = TrainingConfiguration()
    for dropout in [-0.1, 1, .nan] {
      training.dropout = dropout
      let error = thrownError { _ = try Trainer(model, configuration: training) }
      #expect(error?.code == .invalidArgument && error?.message.contains("dropout") == true, "\(error?.message ?? "")")
    }
  }
}
