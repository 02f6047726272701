import CVAE

let presetsCommand = Command(
  name: "presets",
  summary: "list the published and widely used models that train --preset knows",
  operands: [],
  details: [
    "Each has its source, its network and the epochs that it is trained for, and says where it differs from its source."
  ],
  groups: [OptionGroup("Options", [Shared.json])],
  examples: [
    Example("vae-cli presets", "the list"),
    Example("vae-cli train digits --preset kingma-mlp", "one of them on digits"),
  ],
  run: listPresets)

private func listPresets(_ arguments: Arguments) throws -> Int32 {
  let presets = VAE.Preset.allCases
  try printOut(
    arguments[Shared.json] ? JSON.array(presets.map(JSON.init)).line : presets.map(\.page).joined(separator: "\n\n"))
  return 0
}

extension JSON {
  /// What a preset is, its configuration and its training under the keys of model files.
  fileprivate init(_ preset: VAE.Preset) {
    self = [
      "name": .string(preset.name), "source": .string(preset.source), "summary": .string(preset.summary),
      "epochs": .integer(preset.epochs),
    ]
    append("config", configurationJSON(preset.configuration))
    append("training", trainingJSON(preset.training))
  }
}

extension VAE.Preset {
  /// What not every model has: a condition, a prior of its own.
  private var extent: String {
    let width = configuration.conditionDimension
    let condition = width == 0 ? "" : ", condition of \(plural(width, "value"))"
    return condition + (configuration.prior.kind == .standard ? "" : ", prior \(priorText(configuration.prior))")
  }

  /// A paragraph for people.
  fileprivate var page: String {
    let objective = objectiveText(training.objective)
    let facts = [
      "\(networkText(configuration)), \(configuration.likelihood.kind)" + extent,
      "\(objective); batch \(training.batchSize), Adam \(shortest(training.learningRate)), \(plural(epochs, "epoch"))",
    ]
    let lines = [source] + facts + HelpText.wrapped(summary, HelpText.width - 2)
    return ([name] + lines.flatMap { HelpText.wrapped($0, HelpText.width - 2) }.map { "  " + $0 }).joined(
      separator: "\n")
  }
}
