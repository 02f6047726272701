import CVAE
import Testing

@Suite struct ModelPresetTests {
  @Test func presetsAreFoundByName() {
    let presets = VAE.Preset.allCases
    #expect(presets.count >= 19)
    for preset in presets {
      #expect(VAE.Preset(preset.description) == preset)
      #expect(!preset.source.isEmpty && !preset.summary.isEmpty && preset.epochs > 0, "\(preset)")
    }
    #expect(Set(presets.map(\.name)).count == presets.count)
    #expect(VAE.Preset("kingma-nlp") == nil)
    #expect(VAE.Preset("") == nil)
  }

  @Test func aPresetIsAModelAndItsTraining() throws {
    let preset = try #require(VAE.Preset("iwae-1layer"))
    #expect(
      preset.configuration
        == VAE.Configuration(input: 784, hidden: [200, 200], latent: 50, activation: .tanh))
    #expect(preset.training.objective.kind == .importanceWeighted)
    #expect(preset.training.schedule == .burda)
    let labelled = try #require(VAE.Preset("cvae-label"))
    #expect(labelled.configuration.conditionDimension == 10)
  }

  /// Each trains, on rows of its own width as on others.
  @Test(arguments: VAE.Preset.allCases) func everyPresetTrains(_ preset: VAE.Preset) throws {
    var configuration = preset.configuration
    configuration.inputDimension = 16
    for index in configuration.encoder.indices { configuration.encoder[index].units = 8 }
    for index in configuration.decoder.indices { configuration.decoder[index].units = 8 }
    let model = try VAE(configuration)
    let trainer = try Trainer(model, configuration: preset.training)
    #expect(trainer.configuration == preset.training)
    let condition = configuration.conditionDimension
    let rows = patternRows(12).given(condition == 0 ? nil : Condition([Float](repeating: 0.5, count: condition)))
    let loss = try trainer.fitBlocking(rows, epochs: 1, validation: rows).training
    #expect(loss?.loss.isFinite == true)
    #expect(model.trainingConfiguration == preset.training)
  }
}
