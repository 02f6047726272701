import CVAE
import Testing

@Suite struct PresetTests {
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
}
