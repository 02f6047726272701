import CVAE
import Foundation
import Testing

/// 16 inputs given one of four classes, 3 latents.
private let configuration = VAE.Configuration(input: 16, condition: 4, hidden: [24], latent: 3, activation: .tanh)

/// Which of the four patterns each row of ``patternRows(_:seed:)`` shows.
private func classes(_ rows: [Float]) -> [UInt8] {
  (0..<rows.count / 16).map { row in UInt8((0..<4).first { rows[row * 16 + $0 * 4] > 0.5 } ?? 0) }
}

/// Labels as vectors with a single 1.
private func oneHot<Value: Numeric>(_ labels: [UInt8], one: Value) -> [Value] {
  labels.flatMap { label in (0..<4).map { $0 == Int(label) ? one : 0 } }
}

@Suite struct ModelConditionTests {
  let model: VAE
  let rows = patternRows(7)
  let labels: [UInt8]

  init() throws {
    model = try VAE(configuration, seed: 2)
    labels = classes(rows)
  }

  /// The same condition in each way that there is to give it.
  private func ways() -> [Condition] {
    [
      .labels(labels), .labels(labels.map { UInt32($0) }), Condition(oneHot(labels, one: Float(1))),
      Condition(oneHot(labels, one: Float(1)), columns: 4), Condition(oneHot(labels, one: UInt8(1)), scale: 1),
      Condition(oneHot(labels, one: UInt8(255))),
    ]
  }

  @Test func labelsAreVectorsWithASingleOne() throws {
    let (z, first) = (try model.encode(rows.given(.labels(labels))).mean, Condition.labels(labels))
    for way in ways() {
      let x = rows.given(way)
      #expect(try model.encode(x) == model.encode(rows.given(first)))
      #expect(try model.reconstruct(x) == model.reconstruct(rows.given(first)))
      #expect(try model.scores(x) == model.scores(rows.given(first)))
      #expect(try model.lossAndGradients(x) == model.lossAndGradients(rows.given(first)))
      #expect(
        try model.statistics(x, samples: 5).logEvidence == model.statistics(rows.given(first), samples: 5).logEvidence)
      #expect(try model.decode(z, given: way) == model.decode(z, given: first))
      #expect(try model.sample(given: way, seed: 4) == model.sample(count: 7, given: first, seed: 4))
    }
    #expect(ways().map(\.isLabels) == [true, true, false, false, false, false])
    #expect(ways().map(\.valueCount) == [7, 7, 28, 28, 28, 28])
    // And the condition matters: another one gives other numbers.
    let other = Condition.labels(labels.map { ($0 + 1) % 4 })
    #expect(try model.encode(rows.given(other)) != model.encode(rows.given(first)))
    #expect(try model.decode(z, given: other) != model.decode(z, given: first))
    #expect(try model.evaluate(rows.given(other)) != model.evaluate(rows.given(first)))
  }

  @Test func oneRowHoldsForAll() throws {
    let same = Condition.labels([UInt8](repeating: 2, count: 7))
    for way in [Condition.label(2), Condition([0, 0, 1, 0]), .labels([2])] {
      #expect(try model.encode(rows.given(way)) == model.encode(rows.given(same)))
      #expect(try model.evaluate(rows.given(way)) == model.evaluate(rows.given(same)))
      #expect(try model.sample(count: 7, given: way) == model.sample(given: same))
      #expect(
        try model.sampleWithLatents(count: 7, given: way).z == model.sampleWithLatents(given: same).z)
    }
    #expect(try model.sample(given: .label(2)).count == 16)
    // The condition has no part in the noise.
    #expect(try model.sampleWithLatents(count: 7, given: .label(1)).z == model.sampleWithLatents(given: same).z)
  }

  @Test func spansAndBuffersGiveTheSame() throws {
    let condition = Condition.labels(labels)
    let expected = try model.encode(rows.given(condition))
    var (mean, logvar) = ([Float](repeating: 0, count: 21), [Float](repeating: 0, count: 21))
    func encode(_ condition: Condition) throws {
      mean = [Float](repeating: 0, count: 21)
      var means = mean.mutableSpan
      var logvars = logvar.mutableSpan
      try model.encode(rows.span, given: condition, mean: &means, logvar: &logvars)
    }
    try encode(condition)
    #expect(mean == expected.mean && logvar == expected.logvar)
    var means = mean.mutableSpan
    try model.encode(rows.span, given: .label(3), mean: &means)
    #expect(try mean == model.encode(rows.given(.label(3))).mean)

    let bytes = rows.map { UInt8($0 * 255) }
    var byteMeans = mean.mutableSpan
    var byteLogvars = logvar.mutableSpan
    try model.encode(bytes.span, given: condition, mean: &byteMeans, logvar: &byteLogvars)
    #expect(try mean == model.encode(Rows(bytes).given(condition)).mean)

    var output = [Float](repeating: 0, count: rows.count)
    var outputs = output.mutableSpan
    try model.decode(expected.mean.span, given: condition, into: &outputs)
    #expect(try output == model.decode(expected.mean, given: condition))
    outputs = output.mutableSpan
    try model.reconstruct(rows.span, given: condition, into: &outputs)
    #expect(try output == model.reconstruct(rows.given(condition)))
    outputs = output.mutableSpan
    try model.sample(into: &outputs, given: condition, seed: 9)
    #expect(try output == model.sample(given: condition, seed: 9))

    let (wide, vectors) = (labels.map { UInt32($0) }, oneHot(labels, one: Float(1)))
    let vectorBytes = oneHot(labels, one: UInt8(255))
    try labels.withUnsafeBufferPointer { try encode(.labels(borrowing: $0)) }
    #expect(mean == expected.mean)
    try wide.withUnsafeBufferPointer { try encode(.labels(borrowing: $0)) }
    #expect(mean == expected.mean)
    try vectors.withUnsafeBufferPointer { try encode(Condition(borrowing: $0)) }
    #expect(mean == expected.mean)
    try vectorBytes.withUnsafeBufferPointer { try encode(Condition(borrowing: $0, columns: 4)) }
    #expect(mean == expected.mean)
  }

  @Test func wrongConditionsAreNamed() throws {
    func message(_ condition: Condition?) -> VAEError? { thrownError { _ = try model.encode(rows.given(condition)) } }
    let data = "the condition of the data"
    #expect(message(nil) == VAEError(.mismatch, "\(data): none is given, but the model needs one of dimension 4"))
    #expect(
      message(.labels([0, 1, 2]))
        == VAEError(.mismatch, "\(data): 3 rows, but 7 are needed, or a single one for all"))
    #expect(
      message(Condition([1, 2, 3]))
        == VAEError(.mismatch, "\(data): 3 values are no whole number of rows of 4, the model's condition dimension"))
    #expect(
      message(Condition(oneHot(labels, one: Float(1)), columns: 2))
        == VAEError(.mismatch, "\(data): rows of 2 values, but the model's condition dimension is 4"))
    #expect(message(.labels([UInt8]())) == VAEError(.invalidArgument, "\(data): no rows; at least one is needed"))
    for bad in [Condition.label(4), Condition([0, .nan, 0, 0]), .labels([0, 1, 2, 3, 0, 1, 200])] {
      let error = message(bad)
      #expect(error?.code == .data, "\(error?.message ?? "")")
      #expect(thrownError { _ = try model.sample(count: 7, given: bad) }?.code == .data)
    }
    #expect(
      thrownError { _ = try model.decode([0, 0, 0], given: nil) }
        == VAEError(.mismatch, "condition: none is given, but the model needs one of dimension 4"))
    #expect(thrownError { _ = try model.decode([0, 0, 0]) }?.code == .mismatch)
    #expect(thrownError { _ = try model.sample(count: 2) }?.code == .mismatch)
    #expect(thrownError { _ = try model.sample(count: 2, given: .labels(labels)) }?.code == .mismatch)
    #expect(thrownError { _ = try model.sample(count: 0, given: .label(1)) }?.code == .invalidArgument)
    #expect(
      thrownError { _ = try model.sample(given: nil) }
        == VAEError(.invalidArgument, "count is nil, and there is no condition to tell the number of rows"))
    let plain = try VAE(smallConfiguration)
    #expect(
      thrownError { _ = try plain.encode(rows.given(.label(1))) }
        == VAEError(.mismatch, "\(data): the model has no condition, but one is given"))
    #expect(try plain.encode(rows.given(.label(1)).given(nil)) == plain.encode(rows))
    #expect(try plain.sample(count: 3, given: nil) == plain.sample(count: 3))
  }

  @Test func trainingChecksBeforeItStarts() throws {
    let trainer = try Trainer(model)
    let before = try model.serialized()
    for (data, validation, part) in [
      (rows.rows, nil as Rows?, "the condition of the data: none"),
      (rows.given(.labels(labels)), rows.rows, "the condition of the validation data: none"),
      (
        rows.given(.labels(labels)), rows.given(.labels([1, 2])),
        "the condition of the validation data: 2 rows"
      ),
    ] {
      let error = thrownError { try trainer.fitBlocking(data, epochs: 1, validation: validation) }
      #expect(error?.code == .mismatch)
      #expect(error?.message.hasPrefix(part) == true, "\(error?.message ?? "none")")
    }
    #expect(thrownError { try trainer.step(rows) }?.code == .mismatch)
    #expect(try model.serialized() == before)
  }

  @Test func trainingIsTheSameForEveryWay() async throws {
    let training = TrainingConfiguration(batchSize: 3, seed: 5)
    var results: [[UInt8]] = []
    for way in ways() {
      let model = try VAE(configuration, seed: 2)
      let trainer = try Trainer(model, configuration: training)
      try await trainer.fit(rows.given(way), epochs: 2, validation: rows.given(.labels(labels)))
      for try await _ in trainer.training(on: rows.given(way), epochs: 1) {}
      try trainer.step(rows.given(way))
      results.append(try model.serialized())
    }
    #expect(Set(results).count == 1)
  }

  /// Rows that the condition decides: what is drawn for a class shows its pattern.
  @Test func whatTheConditionDecidesIsLearned() throws {
    let rows = patternRows(600)
    let model = try VAE(configuration, seed: 3)
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 20, learningRate: 5e-3, seed: 1))
    try trainer.fitBlocking(rows.given(.labels(classes(rows))), epochs: 30)
    let loaded = try VAE(bytes: model.serialized())
    for label in 0..<4 {
      let drawn = try model.sample(count: 20, given: .label(UInt32(label)), seed: 6)
      #expect(try loaded.sample(count: 20, given: .label(UInt32(label)), seed: 6) == drawn)
      for row in 0..<20 {
        for column in 0..<16 {
          #expect((drawn[row * 16 + column] > 0.5) == (column / 4 == label), "class \(label), row \(row)")
        }
      }
    }
    // A wrong class costs many nats.
    let right = try model.evaluate(rows.given(.labels(classes(rows)))).loss
    let wrong = try model.evaluate(rows.given(.labels(classes(rows).map { 3 - $0 }))).loss
    #expect(wrong > right + 3, "\(right) and \(wrong)")
  }

  /// A real vector: the level of all columns.
  @Test func vectorsAreConditionsToo() throws {
    let levels = (0..<400).map { Float($0 % 41) / 20 - 1 }
    let rows = levels.flatMap { level in (0..<6).map { level + Float($0) / 10 } }
    let model = try VAE(
      VAE.Configuration(
        input: 6, condition: 1, hidden: [16], latent: 1, activation: .tanh, likelihood: .gaussian(sigma: 0.1)),
      seed: 1)
    let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 20, learningRate: 1e-2, seed: 1))
    try trainer.fitBlocking(rows.given(Condition(levels)), epochs: 40)
    for level: Float in [-0.8, 0.1, 0.7] {
      let drawn = try model.sample(count: 10, given: Condition([level]))
      for (index, value) in drawn.enumerated() {
        #expect(abs(value - level - Float(index % 6) / 10) < 0.2, "level \(level): \(value)")
      }
    }
  }

  /// A data set of one's own with its classes beside it.
  @Test func aRowSourceMayBringItsCondition() throws {
    struct Labelled: RowSource {
      let values: [Float]
      let labels: [UInt8]
      var rows: Rows { Rows(values, columns: 16).given(.labels(labels)) }
    }
    let set = Labelled(values: rows, labels: labels)
    #expect(try model.encode(set) == model.encode(rows.given(.labels(labels))))
    #expect(set.rows.condition?.isLabels == true && set.rows.columns == 16)
  }

  @Test func theOutputBiasNeedsNoCondition() throws {
    try model.initializeOutputBias(from: rows)
    let bias = try model.parameter(named: "decoder.mean.bias")
    try model.initializeOutputBias(from: rows.given(.labels(labels)))
    #expect(try model.parameter(named: "decoder.mean.bias") == bias)
    #expect(bias.contains { $0 != 0 })
  }

  @Test func modelsTellOfTheirCondition() throws {
    #expect(model.description.hasPrefix("VAE 16-24-3-24-16, bernoulli, condition 4, "))
    #expect(model.parameters.first { $0.name == "encoder.0.weight" }?.shape == [24, 20])
    #expect(model.parameters.first { $0.name == "decoder.0.weight" }?.shape == [24, 7])
  }
}
