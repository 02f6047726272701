import CVAE
import Foundation
import Testing

@Suite struct InferenceTests {
  let model: VAE

  init() throws { model = try VAE(smallConfiguration, seed: 2) }

  @Test func shapesAreRight() throws {
    let rows = patternRows(5)
    let posterior = try model.encode(rows)
    #expect(posterior.count == 5)
    #expect(posterior.mean.count == 15)
    #expect(posterior.logvar.count == 15)
    #expect(try model.decode(posterior.mean).count == 80)
    #expect(try model.reconstruct(rows).count == 80)
    #expect(try model.sample(count: 4).count == 64)
    let scores = try model.scores(rows)
    #expect(scores.loss.count == 5 && scores.reconstruction.count == 5 && scores.kl.count == 5)
    #expect(scores.total.examples == 5)
  }

  @Test func wrongShapesAreNamed() throws {
    let oneTooFew = [Float](repeating: 0, count: 31)
    #expect(
      thrownError { _ = try model.encode(oneTooFew) }
        == VAEError(.mismatch, "data: 31 values are no whole number of rows of 16, the model's input dimension"))
    #expect(
      thrownError { _ = try model.encode(Rows(patternRows(2), columns: 8)) }
        == VAEError(.mismatch, "data: rows of 8 values, but the model's input dimension is 16"))
    #expect(
      thrownError { _ = try model.reconstruct([Float]()) }
        == VAEError(.invalidArgument, "data: no rows; at least one is needed"))
    #expect(
      thrownError { _ = try model.decode([1, 2, 3, 4]) }
        == VAEError(.mismatch, "z: 4 values are no whole number of rows of 3, the model's latent dimension"))
    #expect(
      thrownError { _ = try model.decode([]) }
        == VAEError(.invalidArgument, "z: no rows; at least one is needed"))
    #expect(
      thrownError { _ = try model.sample(count: 0) }
        == VAEError(.invalidArgument, "count is 0; it must be at least 1"))
    #expect(thrownError { _ = try model.sample(count: .max) }?.code == .outOfMemory)
    #expect(thrownError { _ = try model.sample(count: .max / 128) }?.code == .outOfMemory)
    #expect(
      thrownError { _ = try model.lossAndGradients(patternRows(2), noise: [0]) }
        == VAEError(.mismatch, "noise of 1 samples of 2 rows of 3: 1 values, but 6 are needed"))
  }

  @Test(arguments: [Float.nan, .infinity, -0.5, 1.5])
  func valuesOutsideTheLikelihoodAreRefused(_ value: Float) throws {
    var rows = patternRows(6)
    rows[4 * 16 + 9] = value
    for error in [
      thrownError { _ = try model.encode(rows) }, thrownError { _ = try model.evaluate(rows) },
      thrownError { try Trainer(model).step(rows) },
    ] {
      #expect(error?.code == .data)
      #expect(error?.message.contains("4") == true && error?.message.contains("9") == true, "\(error?.message ?? "")")
    }
    #expect(thrownError { _ = try model.decode([0, .nan, 0]) }?.code == .data)
  }

  @Test func reconstructDecodesTheMean() throws {
    let rows = patternRows(300)
    let decoded = try model.decode(model.encode(rows).mean)
    #expect(relativeError(try model.reconstruct(rows), decoded) < 1e-6)
  }

  @Test func bytesAreScaledFloats() throws {
    let bytes = (0..<64).map { UInt8($0 * 4) }
    let floats = bytes.map { Float($0) * Float(1.0 / 255) }
    let expected = try model.encode(floats)
    let found = try model.encode(Rows(bytes))
    #expect(relativeError(found.mean, expected.mean) < 1e-6)
    #expect(relativeError(try model.encode(Rows(bytes, scale: 1.0 / 510)).mean, expected.mean) > 1e-3)
    #expect(thrownError { _ = try model.encode(Rows(bytes, scale: .nan)) }?.code == .invalidArgument)
  }

  @Test func spansAndBuffersGiveTheSame() throws {
    let rows = patternRows(5)
    let bytes = (0..<80).map { UInt8($0 * 3) }
    let expected = try model.encode(rows)
    var mean = [Float](repeating: .nan, count: 15)
    var logvar = mean
    var meanSpan = mean.mutableSpan
    var logvarSpan = logvar.mutableSpan
    try model.encode(rows.span, mean: &meanSpan, logvar: &logvarSpan)
    #expect(mean == expected.mean && logvar == expected.logvar)

    var means = [Float](repeating: .nan, count: 15)
    var meansSpan = means.mutableSpan
    try model.encode(rows.span, mean: &meansSpan)
    #expect(means == expected.mean)

    var byteMean = mean
    var byteLogvar = logvar
    var byteMeanSpan = byteMean.mutableSpan
    var byteLogvarSpan = byteLogvar.mutableSpan
    try model.encode(bytes.span, mean: &byteMeanSpan, logvar: &byteLogvarSpan)
    #expect(try byteMean == model.encode(Rows(bytes)).mean)

    var output = [Float](repeating: .nan, count: 80)
    var outputSpan = output.mutableSpan
    try model.decode(mean.span, into: &outputSpan)
    #expect(try output == model.decode(mean))
    var again = output
    var againSpan = again.mutableSpan
    try model.reconstruct(rows.span, into: &againSpan)
    #expect(try again == model.reconstruct(rows))
    var samples = output
    var samplesSpan = samples.mutableSpan
    try model.sample(into: &samplesSpan, seed: 4, firstRow: 2)
    #expect(try samples == model.sample(count: 5, seed: 4, firstRow: 2))

    let borrowed = try rows.withUnsafeBufferPointer { buffer in
      try model.encode(Rows(borrowing: buffer, columns: 16))
    }
    #expect(borrowed == expected)
  }

  @Test func spansOfWrongSizeAreRefused() throws {
    var mean = [Float](repeating: 0, count: 14)
    var span = mean.mutableSpan
    var error: VAEError?
    do throws(VAEError) {
      try model.encode(patternRows(5).span, mean: &span)
    } catch let caught {
      error = caught
    }
    #expect(error == VAEError(.mismatch, "mean of 5 rows of 3: 14 values, but 15 are needed"))
    #expect(mean.allSatisfy { $0 == 0 })
  }

  @Test func samplesAreNumbered() throws {
    let all = try model.sample(count: 10, seed: 9)
    #expect(try model.sample(count: 4, seed: 9) + model.sample(count: 6, seed: 9, firstRow: 4) == all)
    #expect(try model.sample(count: 10, seed: 8) != all)
    let (output, z) = try model.sampleWithLatents(count: 10, seed: 9)
    #expect(output == all)
    #expect(relativeError(try model.decode(z), all) < 1e-6)
    let many = try model.sampleWithLatents(count: 4000, seed: 1).z.map(Double.init)
    let mean = many.reduce(0, +) / Double(many.count)
    let variance = many.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(many.count)
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05)
  }

  @Test func evaluationAddsUp() throws {
    let rows = patternRows(400)
    let loss = try model.evaluate(rows, objective: .elbo(samples: 2, beta: 3), seed: 5)
    #expect(loss.examples == 400)
    #expect(abs(loss.loss - (loss.reconstruction + 3 * loss.kl + loss.penalty)) < 1e-9 * abs(loss.loss))
    #expect(abs(loss.negativeELBO - (loss.reconstruction + loss.kl)) < 1e-9 * abs(loss.loss))
    #expect(try model.evaluate(rows, objective: .elbo(samples: 2, beta: 3), seed: 5) == loss)
    #expect(try model.evaluate(rows, objective: .elbo(samples: 2, beta: 3), seed: 6) != loss)

    let scores = try model.scores(rows, objective: .elbo(samples: 2, beta: 3), seed: 5)
    #expect(scores.total == loss)
    #expect(abs(scores.loss.reduce(0) { $0 + Double($1) } / 400 - loss.loss) < 1e-4)
    #expect(abs(scores.kl.reduce(0) { $0 + Double($1) } / 400 - loss.kl) < 1e-4)

    let bound = try model.evaluate(rows, objective: .importanceWeighted(samples: 50), seed: 5)
    #expect(bound.loss < loss.negativeELBO)
  }

  @Test func statisticsAgreeWithEvaluation() throws {
    let rows = patternRows(400)
    let statistics = try model.statistics(rows, samples: 50, seed: 5)
    let bound = try model.evaluate(rows, objective: .importanceWeighted(samples: 50), seed: 5)
    #expect(statistics.logEvidence == -bound.loss && statistics.kl == bound.kl)
    #expect(statistics.reconstruction == bound.reconstruction && statistics.negativeELBO == bound.negativeELBO)
    #expect(statistics.examples == 400 && statistics.samples == 50 && statistics.gap > 0)
    #expect(abs(statistics.latentKL.reduce(0, +) - statistics.kl) < 1e-5 * statistics.kl)
    #expect(statistics.latentVariance.filter { $0 > 0.01 }.count == statistics.activeLatents)
    #expect(abs(statistics.exampleLogEvidence.reduce(0, +) / 400 - statistics.logEvidence) < 1e-9)
    #expect(abs(statistics.exampleEffectiveSamples.reduce(0, +) / 400 - statistics.effectiveSamples) < 1e-9)
    #expect(statistics.exampleEffectiveSamples.min() == statistics.effectiveSamplesMinimum)
    #expect(abs(statistics.mutualInformation + statistics.aggregateKL - statistics.kl) < 1e-12)
    #expect(statistics.bits == .crossEntropy && "\(statistics.bits)" == "cross entropy")
    let half = (statistics.intervalHigh - statistics.intervalLow) / 2
    #expect(abs(half - 1.96 * statistics.standardError) < 1e-9)
    #expect(try model.statistics(rows, samples: 50, seed: 5) == statistics)
    let few = try model.statistics(rows, samples: 3, activeVariance: 1e6, aggregateRows: 100)
    #expect(few.aggregateRows == 100 && few.activeLatents == 0)
    #expect(few.warnings.contains { $0.isDegenerateWeights && $0.description.hasPrefix("only 3 of the 10 samples") })
    #expect(few.warnings.contains { $0.isCollapse && $0.description.contains("0 of 3 latents") })
    #expect(thrownError { _ = try model.statistics(rows, samples: 0) }?.code == .invalidArgument)
    #expect(thrownError { _ = try model.statistics(rows, samples: -1) }?.code == .invalidArgument)
  }

  @Test func threadsChangeNoBit() throws {
    let bytes = try model.serialized()
    let rows = patternRows(700)
    let alone = try VAE(bytes: bytes, execution: VAE.Execution(threads: 1))
    let several = try VAE(bytes: bytes, execution: VAE.Execution(threads: 3))
    #expect(try alone.evaluate(rows) == several.evaluate(rows))
    #expect(try alone.encode(rows) == several.encode(rows))
    let bad = InstructionSet.neon.isAvailable ? InstructionSet.avx2 : .neon
    let foreign = try VAE(bytes: bytes, execution: VAE.Execution(instructionSet: bad))
    #expect(thrownError { _ = try foreign.encode(rows) }?.code == .unsupported)
  }

  @Test func manyTasksEncodeAtOnce() async throws {
    let inputs = (0..<24).map { patternRows(40 + $0, seed: UInt64($0 + 1)) }
    let expected = try inputs.map { try model.encode($0) }
    let found = try await withThrowingTaskGroup(of: (Int, VAE.Posterior).self) { group in
      for round in 0..<4 {
        for (index, rows) in inputs.enumerated() {
          group.addTask { [model] in
            _ = try model.sample(count: 3, seed: UInt64(round))
            return (index, try model.encode(rows))
          }
        }
      }
      var all: [(Int, VAE.Posterior)] = []
      for try await result in group { all.append(result) }
      return all
    }
    #expect(found.count == 96)
    for (index, posterior) in found { #expect(posterior == expected[index]) }
  }
}
