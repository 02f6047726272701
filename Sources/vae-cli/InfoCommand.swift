import CVAE
import VAEFiles

let infoCommand = Command(
  name: "info",
  summary: "show what a model is, and how it was trained",
  operands: [Shared.model],
  details: [],
  groups: [OptionGroup("Options", [Shared.json])],
  examples: [
    Example("vae-cli info model.safetensors", "configuration, training and tensors"),
    Example("vae-cli info model.safetensors --json", "the same for a program"),
  ],
  run: showInfo)

private func showInfo(_ arguments: Arguments) throws -> Int32 {
  let path = arguments.operands[0]
  let model = try loadModel(path, threads: 1)
  let bytes = sizeOfFile(path)
  try printOut(arguments[Shared.json] ? infoJSON(model, path, bytes).line : infoText(model, path, bytes))
  return 0
}

/// The model's configuration and training under the keys of its file, and what else there is to know.
private func infoJSON(_ model: VAE, _ path: String, _ bytes: Int?) -> JSON {
  var json: JSON = [
    "file": .string(path),
    "bytes": bytes.map { .integer($0) } ?? nil,
    "parameters": .integer(model.valueCount),
  ]
  if case .object(let members) = configurationJSON(model.configuration) {
    for member in members { json.append(member.key, member.value) }
  }
  json.append("training", model.trainingConfiguration.map(trainingJSON) ?? nil)
  let tensors = model.parameters.map { tensor -> JSON in
    ["name": .string(tensor.name), "shape": .array(tensor.shape.map { .integer($0) })]
  }
  json.append("tensors", .array(tensors))
  return json
}

private func infoText(_ model: VAE, _ path: String, _ bytes: Int?) -> String {
  let configuration = model.configuration
  var lines = [
    "\(printable(path)): a VAE \(networkText(configuration))",
    "\(grouped(model.valueCount)) parameters" + (bytes.map { ", \(fileSize($0))" } ?? ""),
    "",
    "input        \(configuration.inputDimension)",
    "condition    \(configuration.conditionDimension == 0 ? "none" : plural(configuration.conditionDimension, "value"))",
    "encoder      \(layersText(configuration.encoder))",
    "latent       \(configuration.latentDimension), prior \(priorText(configuration.prior))",
    "decoder      \(layersText(configuration.decoder))",
    "likelihood   \(likelihoodText(configuration.likelihood))",
  ]
  if let training = model.trainingConfiguration {
    let betas = "beta1 \(shortest(training.beta1)), beta2 \(shortest(training.beta2))"
    lines += [
      "objective    \(objectiveText(training.objective))",
      "training     batch \(training.batchSize), seed \(training.seed)"
        + (training.precision == .float32 ? "" : ", products in \(training.precision)"),
      (training.weightDecay > 0 ? "AdamW        weight decay \(shortest(training.weightDecay)), " : "Adam         ")
        + "learning rate \(shortest(training.learningRate)), \(betas), epsilon \(shortest(training.epsilon))",
    ]
    lines += trainingDetails(training)
  } else {
    lines.append("training     none")
  }
  lines.append("")
  let tensors = model.parameters
  let width = (tensors.map(\.name.count) + ["tensor".count]).max() ?? 0
  lines.append(padded("tensor", width) + "   shape")
  for tensor in tensors {
    lines.append(padded(tensor.name, width) + "   " + tensor.shape.map(String.init).joined(separator: " x "))
  }
  return lines.joined(separator: "\n")
}
