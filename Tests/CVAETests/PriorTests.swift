import CVAE
import Foundation
import Testing

@Suite struct PriorTests {
  @Test func descriptionsRoundTrip() {
    let priors: [VAE.Prior] = [
      .standard, .conditional([]), .conditional([VAE.Layer(5)]),
      .conditional([VAE.Layer(50, .tanh), VAE.Layer(3, .leakyReLU)]),
      .mixture(components: 10), .vamp(components: 500),
    ]
    for prior in priors { #expect(VAE.Prior(prior.description) == prior) }
    #expect(priors.map(\.description).suffix(3) == ["conditional(50 tanh, 3 leaky_relu)", "mixture(10)", "vamp(500)"])
    for prior in VAE.Prior.allCases { #expect(VAE.Prior(prior.description) == prior) }
    #expect(VAE.Prior.allCases.contains(.standard) && VAE.Prior.allCases.contains(.vamp(components: 1)))
    for text in [
      "", "normal", "mixture", "mixture()", "mixture(0)", "mixture(ten)", "mixture(10", "mixture(5 relu)",
      "standard(1)",
      "standard()", "conditional(3)", "conditional(3 relu,4 relu)", "conditional(3 bent)", "vamp(2, 3)", "vamp(02)",
    ] {
      #expect(VAE.Prior(text) == nil, "\(text)")
    }
  }

  /// Without hidden layers the prior is two linear maps of the condition.
  @Test func aConditionalPriorIsItsNet() throws {
    let model = try VAE(
      VAE.Configuration(input: 16, condition: 2, hidden: [8], latent: 3, prior: .conditional([])), seed: 6)
    try model.setParameter("prior.mean.bias", to: [0.5, -1, 2])
    let (weight, logWeight) = try (
      model.parameter(named: "prior.mean.weight"), model.parameter(named: "prior.logvar.weight")
    )
    let c: [Float] = [0.25, -2, 1, 0.5]
    let prior = try model.prior(given: Condition(c))
    #expect(prior.count == 2 && prior.dimension == 3)
    for row in 0..<2 {
      for latent in 0..<3 {
        let mean = weight[latent * 2] * c[row * 2] + weight[latent * 2 + 1] * c[row * 2 + 1] + [0.5, -1, 2][latent]
        let logvar = logWeight[latent * 2] * c[row * 2] + logWeight[latent * 2 + 1] * c[row * 2 + 1]
        #expect(abs(prior.mean[row * 3 + latent] - mean) < 1e-5)
        #expect(abs(prior.logvar[row * 3 + latent] - logvar) < 1e-5)
      }
    }
    let same = try model.prior(given: Condition([0.25, -2]), count: 4)
    #expect(same.count == 4 && same.mean == [[Float]](repeating: Array(prior.mean[0..<3]), count: 4).flatMap { $0 })
    #expect(try model.prior(given: .label(0)) == model.prior(given: Condition([1, 0])))
    #expect(thrownError { _ = try model.prior(given: nil, count: 2) }?.code == .mismatch)
    #expect(thrownError { _ = try model.prior(given: .label(2)) }?.code == .data)
    #expect(thrownError { _ = try model.prior(given: Condition(c), count: 3) }?.code == .mismatch)
  }

  @Test func theStandardPriorIsZeros() throws {
    let prior = try VAE(smallConfiguration).prior(given: nil, count: 2)
    #expect(prior.mean == [Float](repeating: 0, count: 6) && prior.logvar == prior.mean)
    for prior in [VAE.Prior.mixture(components: 2), .vamp(components: 2)] {
      let model = try VAE(VAE.Configuration(input: 16, hidden: [8], latent: 3, prior: prior))
      #expect(thrownError { _ = try model.prior(given: nil, count: 1) }?.code == .unsupported)
    }
  }

  /// Where the class decides everything, its prior's mean moves to where the encoder puts its rows.
  @Test func aConditionalPriorLearns() throws {
    let rows = patternRows(400)
    let labels = (0..<400).map { row in UInt8((0..<4).first { rows[row * 16 + $0 * 4] > 0.5 } ?? 0) }
    let model = try VAE(
      VAE.Configuration(
        input: 16, condition: 4, hidden: [24], latent: 2, activation: .tanh, prior: .conditional([VAE.Layer(8, .tanh)])),
      seed: 1)
    let before = try model.prior(given: .labels([0, 1, 2, 3]))
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 20, learningRate: 5e-3, seed: 1))
    let result = try trainer.fitBlocking(rows.given(.labels(labels)), epochs: 20)
    #expect(try model.prior(given: .labels([0, 1, 2, 3])) != before)
    #expect(try #require(result.epochs.first).training.loss > #require(result.training).loss + 1)
    let drawn = try model.sample(count: 8, given: .label(1), seed: 2)
    #expect(drawn.indices.allSatisfy { (drawn[$0] > 0.5) == ($0 % 16 / 4 == 1) })
    let loaded = try VAE(bytes: model.serialized())
    #expect(try loaded.prior(given: .label(3)) == model.prior(given: .label(3)))
  }

  @Test(arguments: [
    (
      VAE.Prior.mixture(components: 3),
      ["prior.mixture.logits": [3], "prior.mixture.mean": [3, 3], "prior.mixture.logvar": [3, 3]]
    ),
    (VAE.Prior.vamp(components: 5), ["prior.pseudo_inputs": [5, 16]]),
  ])
  func componentsAreLearned(_ prior: VAE.Prior, _ tensors: [String: [Int]]) throws {
    let model = try VAE(
      VAE.Configuration(input: 16, hidden: [24], latent: 3, activation: .tanh, prior: prior), seed: 1)
    #expect(model.description.contains("prior \(prior)"))
    let mine = model.parameters.filter { $0.name.hasPrefix("prior.") }
    #expect(Dictionary(uniqueKeysWithValues: mine.map { ($0.name, $0.shape) }) == tensors)
    let before = try mine.map { try model.parameter(named: $0.name) }
    let rows = patternRows(200)
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 20, learningRate: 5e-3, seed: 1))
    let result = try trainer.fitBlocking(rows, epochs: 10)
    for (tensor, old) in zip(mine, before) { #expect(try model.parameter(named: tensor.name) != old, "\(tensor.name)") }
    #expect(try #require(result.epochs.first).training.loss > #require(result.training).loss)
    let loss = try model.evaluate(rows)
    #expect(abs(loss.loss - loss.reconstruction - loss.kl) < 1e-6 * loss.loss)
    #expect(try VAE(bytes: model.serialized()).sample(count: 5, seed: 3) == model.sample(count: 5, seed: 3))
    let statistics = try model.statistics(rows, samples: 20)
    #expect(statistics.logEvidence.isFinite && statistics.kl.isFinite && statistics.latentKL.allSatisfy(\.isNaN))
  }
}
