import CVAE
import Foundation
import Testing

@Suite struct ModelTests {
  @Test func modelsAndTrainersDescribeThemselves() throws {
    let model = try VAE(VAE.Configuration(input: 784, hidden: [400], latent: 20))
    #expect("\(model)" == "VAE 784-400-20-400-784, bernoulli, 652,824 values")
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 64, learningRate: 0.002))
    #expect("\(trainer)" == "Trainer of \(model), batches of 64, learning rate 0.002")
  }

  @Test func parametersHaveNamesAndShapes() throws {
    let model = try VAE(VAE.Configuration(input: 7, hidden: [5, 4], latent: 2))
    let shapes = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.shape) })
    #expect(
      shapes == [
        "encoder.0.weight": [5, 7], "encoder.0.bias": [5], "encoder.1.weight": [4, 5], "encoder.1.bias": [4],
        "encoder.mean.weight": [2, 4], "encoder.mean.bias": [2], "encoder.logvar.weight": [2, 4],
        "encoder.logvar.bias": [2], "decoder.0.weight": [4, 2], "decoder.0.bias": [4], "decoder.1.weight": [5, 4],
        "decoder.1.bias": [5], "decoder.mean.weight": [7, 5], "decoder.mean.bias": [7],
      ])
    #expect(model.parameters.first?.name == "encoder.0.weight")
    #expect(model.parameters.allSatisfy { $0.count == $0.shape.reduce(1, *) })
    #expect(model.valueCount == model.parameters.reduce(0) { $0 + $1.count })
  }

  @Test func parametersAreSetAndRead() throws {
    let model = try VAE(smallConfiguration)
    let values = (0..<24).map { Float($0) / 7 }
    try model.setParameter("decoder.0.bias", to: values)
    #expect(try model.parameter(named: "decoder.0.bias") == values)

    #expect(
      thrownError { try model.setParameter("decoder.0.bias", to: [1, 2]) }
        == VAEError(.mismatch, "decoder.0.bias: 2 values, but 24 are needed"))
    let unknown = try #require(thrownError { _ = try model.parameter(named: "decoder.9.bias") })
    #expect(unknown.code == .invalidArgument)
    #expect(unknown.message.contains("decoder.9.bias"))
    var bad = values
    bad[3] = .nan
    #expect(thrownError { try model.setParameter("decoder.0.bias", to: bad) }?.code == .data)
    #expect(try model.parameter(named: "decoder.0.bias") == values)
  }

  @Test func seedsDecideTheWeights() throws {
    let first = try VAE(smallConfiguration, seed: 5).serialized()
    #expect(try VAE(smallConfiguration, seed: 5).serialized() == first)
    #expect(try VAE(smallConfiguration, seed: 6).serialized() != first)
  }

  @Test func outputBiasStartsAtTheMeans() throws {
    let model = try VAE(smallConfiguration)
    let rows = patternRows(200)
    try model.initializeOutputBias(from: rows)
    let bias = try model.parameter(named: "decoder.mean.bias")
    for column in 0..<16 {
      let mean = (0..<200).reduce(0.0) { $0 + Double(rows[$1 * 16 + column]) } / 200
      #expect(abs(Double(bias[column]) - log(mean / (1 - mean))) < 1e-4)
    }
  }

  @Test func filesAndBytesAreTheSame() throws {
    let model = try VAE(smallConfiguration, seed: 3)
    try withTemporaryFile { path in
      try model.save(to: path)
      let bytes = try model.serialized()
      #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == bytes)
      let read = try VAE(contentsOf: path)
      #expect(try read.serialized() == bytes)
      #expect(try read.encode(patternRows(9)) == model.encode(patternRows(9)))
      // The URL form.
      try read.save(to: URL(filePath: path))
      #expect(try VAE(contentsOf: URL(filePath: path)).configuration == smallConfiguration)
    }
    #expect(model.trainingConfiguration == nil)
  }

  @Test func badFilesAreRefused() throws {
    let missing = try #require(thrownError { _ = try VAE(contentsOf: "/no/such/folder/model.safetensors") })
    #expect(missing.code == .io)
    #expect(missing.message.contains("/no/such/folder/model.safetensors"))
    #expect(thrownError { _ = try VAE(contentsOf: "a\0b") }?.code == .invalidArgument)
    #expect(thrownError { _ = try VAE(contentsOf: URL(string: "https://a.b/c")!) }?.code == .invalidArgument)
    #expect(thrownError { _ = try VAE(bytes: []) }?.code == .format)

    let model = try VAE(smallConfiguration)
    let bytes = try model.serialized()
    for length in [1, 7, 8, 9, 100, bytes.count - 1] {
      #expect(thrownError { _ = try VAE(bytes: Array(bytes.prefix(length))) }?.code == .format, "\(length) bytes")
    }
    var huge = bytes
    for index in 0..<8 { huge[index] = 0xff }
    #expect(thrownError { _ = try VAE(bytes: huge) }?.code == .format)
    #expect(thrownError { try model.save(to: "/no/such/folder/model.safetensors") }?.code == .io)
  }

  @Test func errorsAreMatchedAndDescribed() {
    func classify() -> String {
      do throws(VAEError) {
        _ = try VAE(bytes: [1, 2, 3])
        return "no error"
      } catch VAEError.Code.io {
        return "io"
      } catch VAEError.Code.format {
        return "format"
      } catch {
        return "other: \(error.message)"
      }
    }
    #expect(classify() == "format")
    let error: any Error = VAEError(.data, "row 3, column 4 is nan")
    #expect(error.localizedDescription == "row 3, column 4 is nan")
    #expect("\(error)" == "row 3, column 4 is nan")
    #expect(VAEError.Code.busy.description == "busy")
    #expect(VAEError.Code.data.description == "VAE_ERROR_DATA")
    #expect(VAEError.Code(rawValue: 77).description == "unknown status")
  }

  @Test func handlesAreReleased() throws {
    weak var weakModel: VAE?
    weak var weakTrainer: Trainer?
    do {
      let model = try VAE(smallConfiguration)
      let trainer = try Trainer(model)
      try trainer.fitBlocking(patternRows(64), epochs: 1, validation: patternRows(10))
      _ = try model.encode(patternRows(3))
      weakModel = model
      weakTrainer = trainer
    }
    #expect(weakModel == nil)
    #expect(weakTrainer == nil)

  }

  @Test func memoryIsReleased() throws {
    // Model, moments and gradients take 6 MB or more each: a leak of any kind of handle leaves 350 MB or more behind.
    let bytes = try VAE(VAE.Configuration(input: 784, hidden: [1000], latent: 20)).serialized()
    let rows = [Float](repeating: 0.5, count: 784 * 2)
    func useOnce() throws {
      let model = try VAE(bytes: bytes)
      try Trainer(model, configuration: TrainingConfiguration(batchSize: 2, threads: 1)).step(rows)
      _ = try model.lossAndGradients(rows)
    }
    try useOnce()
    let before = try residentBytes()
    for _ in 0..<60 { try useOnce() }
    #expect(try residentBytes() - before < 250 << 20)
  }

  private func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
  }
}
