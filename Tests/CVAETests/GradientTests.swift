import CVAE
import Foundation
import Testing

@Suite struct GradientTests {
  /// Noise that looks random enough.
  private func noise(_ count: Int) -> [Float] { (0..<count).map { Float(sin(Double($0) * 12.9898)) * 1.5 } }

  @Test func termsAgreeWithEncodeAndDecode() throws {
    let model = try VAE(smallConfiguration, seed: 4)
    let rows = patternRows(7)
    let result = try model.lossAndGradients(rows, noise: [Float](repeating: 0, count: 21), withTerms: true)
    let terms = try #require(result.terms)
    let posterior = try model.encode(rows)
    #expect(relativeError(terms.mean, posterior.mean) < 1e-6)
    #expect(relativeError(terms.logvar, posterior.logvar) < 1e-6)
    // Without noise the latent sample is the mean.
    #expect(relativeError(terms.z, posterior.mean) < 1e-6)
    #expect(relativeError(terms.output, try model.decode(posterior.mean)) < 1e-6)
    #expect(Set(result.gradients.keys) == Set(model.parameters.map(\.name)))
    for parameter in model.parameters { #expect(result.gradients[parameter.name]?.count == parameter.count) }
    #expect(try model.lossAndGradients(rows).terms == nil)
  }

  @Test func termsFollowTheFormulas() throws {
    let model = try VAE(smallConfiguration, seed: 4)
    let rows = patternRows(6)
    let noise = noise(2 * 6 * 3)
    let objective = VAE.Objective.elbo(samples: 2, beta: 0.5)
    let result = try model.lossAndGradients(rows, objective: objective, noise: noise, withTerms: true)
    let terms = try #require(result.terms)
    var loss = 0.0
    for row in 0..<6 {
      var kl = 0.0
      for latent in 0..<3 {
        let (mean, logvar) = (Double(terms.mean[row * 3 + latent]), Double(terms.logvar[row * 3 + latent]))
        kl += 0.5 * (exp(logvar) + mean * mean - 1 - logvar)
        for sample in 0..<2 {
          let index = (sample * 6 + row) * 3 + latent
          #expect(abs(Double(terms.z[index]) - (mean + exp(logvar / 2) * Double(noise[index]))) < 1e-5)
        }
      }
      var reconstruction = 0.0
      for sample in 0..<2 {
        var nll = 0.0
        for column in 0..<16 {
          let (x, p) = (Double(rows[row * 16 + column]), Double(terms.output[(sample * 6 + row) * 16 + column]))
          nll -= x * log(p) + (1 - x) * log(1 - p)
        }
        #expect(abs(Double(terms.sampleNLL[sample * 6 + row]) - nll) < 1e-4)
        reconstruction += nll / 2
      }
      #expect(abs(Double(terms.kl[row]) - kl) < 1e-5)
      #expect(abs(Double(terms.reconstruction[row]) - reconstruction) < 1e-4)
      loss += (reconstruction + 0.5 * kl) / 6
    }
    #expect(abs(result.loss.loss - loss) < 1e-4)
  }

  @Test(arguments: [VAE.Objective.elbo(samples: 2, beta: 2), .importanceWeighted(samples: 3)])
  func gradientsAgreeWithDifferences(_ objective: VAE.Objective) throws {
    let model = try VAE(VAE.Configuration(input: 16, hidden: [9, 5], latent: 3, activation: .tanh), seed: 11)
    let rows = patternRows(5)
    let noise = noise(objective.samples * 5 * 3)
    func loss() throws -> Double { try model.lossAndGradients(rows, objective: objective, noise: noise).loss.loss }
    let gradients = try model.lossAndGradients(rows, objective: objective, noise: noise).gradients
    for parameter in model.parameters {
      let gradient = try #require(gradients[parameter.name])
      let values = try model.parameter(named: parameter.name)
      let index = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
      let step: Float = 1e-2
      var changed = values
      changed[index] = values[index] + step
      try model.setParameter(parameter.name, to: changed)
      let above = try loss()
      changed[index] = values[index] - step
      try model.setParameter(parameter.name, to: changed)
      let below = try loss()
      try model.setParameter(parameter.name, to: values)
      let expected = (above - below) / (2 * Double(step))
      #expect(
        abs(Double(gradient[index]) - expected) < 1e-3 + 2e-2 * abs(expected),
        "\(parameter.name): \(gradient[index]), by differences \(expected)")
    }
  }

  @Test func aBatchMayBeLargerThanAWorkspacesChunk() throws {
    let model = try VAE(smallConfiguration)
    let rows = patternRows(1000)
    let result = try model.lossAndGradients(rows, seed: 3)
    #expect(result.loss.examples == 1000)
    // A second call, smaller, on the same workspace.
    #expect(try model.lossAndGradients(patternRows(3), seed: 3).loss.examples == 3)
  }

  @Test func ownOptimizerLearns() throws {
    let model = try VAE(smallConfiguration)
    let rows = patternRows(64)
    let before = try model.evaluate(rows).loss
    for step in 0..<100 {
      let gradients = try model.lossAndGradients(rows, seed: UInt64(step)).gradients
      for (name, gradient) in gradients {
        let values = try model.parameter(named: name)
        try model.setParameter(name, to: zip(values, gradient).map { $0 - 0.05 * $1 })
      }
    }
    #expect(try model.evaluate(rows).loss < 0.9 * before)
  }
}
