import CVAE
import Testing

@Suite struct PrecisionTests {
  let model: VAE

  init() throws { model = try VAE(smallConfiguration, seed: 2) }

  @Test func namesAreTheLibrarys() {
    #expect(Precision.allCases.map(\.description) == ["float32", "bf16", "int8"])
    #expect(Precision.allCases == [.float32, .bfloat16, .int8])
    #expect(Precision("bf16") == .bfloat16 && Precision("int4") == nil)
  }

  @Test(arguments: [Precision.bfloat16, .int8])
  func copiesInferNearTheModel(_ precision: Precision) throws {
    let copy = try model.quantized(to: precision)
    #expect(copy.precision == precision && model.precision == .float32)
    #expect(copy.configuration == model.configuration && copy.valueCount == model.valueCount)
    #expect(copy.description == model.description)
    let rows = patternRows(5)
    let (posterior, exact) = (try copy.encode(rows), try model.encode(rows))
    #expect(posterior != exact)
    for (a, b) in zip(posterior.mean + posterior.logvar, exact.mean + exact.logvar) { #expect(abs(a - b) < 0.05) }
    for (a, b) in zip(try copy.reconstruct(rows), try model.reconstruct(rows)) { #expect(abs(a - b) < 0.05) }
    let (loss, exactLoss) = (try copy.evaluate(rows), try model.evaluate(rows))
    #expect(abs(loss.negativeELBO - exactLoss.negativeELBO) < 0.02 * exactLoss.negativeELBO)
    #expect(try copy.sample(count: 3).count == 48 && copy.decode(exact.mean).count == 80)
  }

  @Test func copiesDoNotFollowTheModel() throws {
    let (copy, rows) = (try model.quantized(to: .int8), patternRows(3))
    let before = try copy.encode(rows)
    let name = "encoder.mean.bias"
    try model.setParameter(name, to: model.parameter(named: name).map { $0 + 1 })
    #expect(try copy.encode(rows) == before)
  }

  @Test func whatNeedsTheOriginalIsRefused() throws {
    let copy = try model.quantized(to: .bfloat16)
    let bias = try copy.parameter(named: "encoder.mean.bias")
    #expect(try bias == model.parameter(named: "encoder.mean.bias"))
    for error in [
      thrownError { _ = try copy.serialized() }, thrownError { try copy.save(to: "never-written") },
      thrownError { _ = try Trainer(copy) }, thrownError { try copy.setParameter("encoder.mean.bias", to: bias) },
      thrownError { try copy.initializeOutputBias(from: patternRows(2)) },
      thrownError { _ = try copy.lossAndGradients(patternRows(2)) },
      thrownError { _ = try copy.quantized(to: .int8) },
    ] {
      #expect(error?.code == .unsupported)
      #expect(error?.message.contains("inference copy in bf16") == true, "\(error?.message ?? "no error")")
    }
  }

  @Test func float32IsAnOrdinaryCopy() throws {
    let copy = try model.quantized(to: .float32)
    #expect(try copy.serialized() == model.serialized())
    try Trainer(copy).step(patternRows(4))
    #expect(try copy.serialized() != model.serialized())
  }

  @Test func unknownPrecisionsAreRefused() throws {
    #expect(thrownError { _ = try model.quantized(to: Precision(rawValue: 77)) }?.code == .invalidArgument)
  }
}
