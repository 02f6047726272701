import CVAE
import Foundation
import Testing

/// A likelihood, and the names of its parameters.
private let likelihoods: [(VAE.Likelihood, [String])] = [
  (.bernoulli, ["probability"]), (.continuousBernoulli, ["lambda"]), (.categorical(groups: [2, 4]), ["probability"]),
  (.poisson, ["rate"]), (.negativeBinomial, ["mean", "dispersion"]), (.studentT(), ["location", "scale", "df"]),
  (.gaussian(sigma: 0.5), ["location", "scale"]), (.gaussian(learned: .perOutput), ["location", "scale"]),
  (.laplace(learned: .global), ["location", "scale"]),
  (.logCosh(sigma: 2, outputActivation: .tanh), ["location", "scale"]),
]

@Suite struct LikelihoodCallTests {
  private let z: [Float] = [0.5, -1, 2, 0.25, -0.3, 0.8]

  private func makeModel(_ likelihood: VAE.Likelihood) throws -> VAE {
    let model = try VAE(
      VAE.Configuration(input: 6, hidden: [12], latent: 2, activation: .tanh, likelihood: likelihood), seed: 8)
    // A Student's t whose variance exists, and scales that are not all 1.
    if likelihood.kind == .studentT { try model.setParameter("decoder.log_df", to: [Float](repeating: 2, count: 6)) }
    return model
  }

  @Test(arguments: likelihoods) func parametersHaveNames(_ likelihood: VAE.Likelihood, _ names: [String]) throws {
    #expect(likelihood.kind.parameterNames == names)
    let model = try makeModel(likelihood)
    let parameters = try model.likelihoodParameters(z)
    #expect(parameters.names == names && parameters.values.count == names.count * 18)
    #expect(parameters["variance"] == nil)
    // The first is what decoding gives: a mean, or where there is none the parameter in its place.
    let first = try #require(parameters[names[0]])
    #expect(relativeError(first, try model.decode(z)) < 1e-6)
    for name in names { #expect(parameters[name]?.count == 18 && parameters[name]?.contains { !$0.isFinite } == false) }
    if likelihood.sigmaKind == .fixed, let scale = parameters["scale"], likelihood.kind != .studentT {
      #expect(scale == [Float](repeating: Float(likelihood.sigma), count: 18))
    }
  }

  /// The mean is the expectation, and draws scatter about it.
  @Test(arguments: likelihoods) func drawsHaveTheMean(_ likelihood: VAE.Likelihood, _: [String]) throws {
    let model = try makeModel(likelihood)
    let mean = try model.likelihoodMean(z)
    #expect(mean.count == 18)
    if likelihood.kind != .continuousBernoulli { #expect(relativeError(mean, try model.decode(z)) < 1e-6) }
    let count = 4000
    let many = [[Float]](repeating: Array(z[0..<2]), count: count).flatMap { $0 }
    let draws = try model.likelihoodSamples(many, seed: 5)
    for column in 0..<6 {
      let values = (0..<count).map { Double(draws[$0 * 6 + column]) }
      let average = values.reduce(0, +) / Double(count)
      let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(count)
      #expect(abs(average - Double(mean[column])) < 5 * (variance / Double(count)).squareRoot() + 1e-6, "\(column)")
      #expect(variance > 0)
      if likelihood.kind.isWhole || likelihood == .bernoulli { #expect(values.allSatisfy { $0 == $0.rounded() }) }
      if let support = likelihood.kind.support { #expect(values.allSatisfy { support.contains(Float($0)) }) }
    }
    // What is drawn can be scored again.
    #expect(try model.evaluate(Array(draws[0..<600])).loss.isFinite)
  }

  @Test func drawsAreNumbered() throws {
    let model = try makeModel(.gaussian(sigma: 0.5))
    let all = try model.likelihoodSamples(z, seed: 3)
    #expect(try model.likelihoodSamples(Array(z[0..<2]), seed: 3) == Array(all[0..<6]))
    #expect(try model.likelihoodSamples(Array(z[2..<6]), seed: 3, firstRow: 1) == Array(all[6..<18]))
    #expect(try model.likelihoodSamples(z, seed: 4) != all)
    #expect(try model.likelihoodSamples(z, seed: 3) == all)
  }

  @Test func spansGiveTheSame() throws {
    let model = try makeModel(.poisson)
    var output = [Float](repeating: 0, count: 18)
    var outputs = output.mutableSpan
    try model.likelihoodMean(z.span, into: &outputs)
    #expect(try output == model.likelihoodMean(z))
    outputs = output.mutableSpan
    try model.likelihoodSamples(z.span, into: &outputs, seed: 2, firstRow: 7)
    #expect(try output == model.likelihoodSamples(z, seed: 2, firstRow: 7))
    var short = [Float](repeating: 0, count: 17)
    var shorts = short.mutableSpan
    let error = thrownError { try model.likelihoodSamples(z.span, into: &shorts) }
    #expect(error == VAEError(.mismatch, "output of 3 rows of 6: 17 values, but 18 are needed"))
  }

  @Test func aConditionIsAskedFor() throws {
    let model = try VAE(VAE.Configuration(input: 6, condition: 3, hidden: [12], latent: 2, activation: .tanh), seed: 8)
    let condition = Condition.labels([2, 0, 1])
    #expect(try model.likelihoodMean(z, given: condition) == model.decode(z, given: condition))
    #expect(try model.likelihoodParameters(z, given: condition)["probability"] == model.decode(z, given: condition))
    #expect(
      try model.likelihoodSamples(z, given: .label(1)) == model.likelihoodSamples(z, given: Condition([0, 1, 0])))
    #expect(thrownError { _ = try model.likelihoodMean(z) }?.code == .mismatch)
    #expect(thrownError { _ = try model.likelihoodSamples(z, given: .labels([1, 2])) }?.code == .mismatch)
    #expect(thrownError { _ = try model.likelihoodParameters([1, 2, 3], given: .label(0)) }?.code == .mismatch)
    #expect(thrownError { _ = try model.likelihoodSamples([.nan, 0], given: .label(0)) }?.code == .data)
  }

  /// A Student's t with one degree of freedom has no expectation.
  @Test func whatHasNoMeanSaysSo() throws {
    let model = try makeModel(.studentT())
    try model.setParameter("decoder.log_df", to: [Float](repeating: -1, count: 6))
    #expect(thrownError { _ = try model.likelihoodMean(z) }?.code == .unsupported)
    #expect(try model.likelihoodSamples(z).allSatisfy(\.isFinite))
  }

  @Test func kindsSayWhatTheyTake() {
    #expect(
      VAE.Likelihood.Kind.negativeBinomial.support == 0...4_194_304 && VAE.Likelihood.Kind.negativeBinomial.isWhole)
    #expect(VAE.Likelihood.Kind.studentT.support == nil && !VAE.Likelihood.Kind.studentT.isWhole)
    #expect(!VAE.Likelihood.Kind.studentT.isLocated && VAE.Likelihood.located(.studentT) == nil)
  }
}
