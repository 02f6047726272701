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
  let configuration = model.configuration
  let layers = { (layers: [VAE.Layer]) -> JSON in
    .array(layers.map { ["units": .integer($0.units), "activation": .string("\($0.activation)")] })
  }
  var json: JSON = [
    "file": .string(path),
    "bytes": bytes.map { .integer($0) } ?? nil,
    "parameters": .integer(model.valueCount),
    "input_dim": .integer(configuration.inputDimension),
    "condition_dim": 0,
    "latent_dim": .integer(configuration.latentDimension),
    "encoder": layers(configuration.encoder),
    "decoder": layers(configuration.decoder),
    "prior": .string("\(configuration.prior)"),
    "prior_net": [],
    "likelihood": .string("\(configuration.likelihood.kind)"),
    "sigma": configuration.likelihood.sigmaKind == .fixed
      ? .number(configuration.likelihood.sigma) : .string("\(configuration.likelihood.sigmaKind)"),
    "output_activation": .string("\(configuration.likelihood.outputActivation)"),
  ]
  let groups = configuration.likelihood.groups
  if !groups.isEmpty { json.append("groups", .array(groups.map { .integer($0) })) }
  json.append("training", model.trainingConfiguration.map(trainingJSON) ?? nil)
  let tensors = model.parameters.map { tensor -> JSON in
    ["name": .string(tensor.name), "shape": .array(tensor.shape.map { .integer($0) })]
  }
  json.append("tensors", .array(tensors))
  return json
}

private func trainingJSON(_ training: TrainingConfiguration) -> JSON {
  var json: JSON = [
    "objective": .string("\(training.objective.kind)"),
    "samples": .integer(training.objective.samples),
    "beta": .number(training.objective.beta),
    "batch_size": .integer(training.batchSize),
    "optimizer": .string(training.weightDecay > 0 ? "adamw" : "adam"),
    "learning_rate": .number(training.learningRate),
    "beta1": .number(training.beta1),
    "beta2": .number(training.beta2),
    "epsilon": .number(training.epsilon),
    "seed": .unsigned(training.seed),
  ]
  if training.precision != .float32 { json.append("precision", .string("\(training.precision)")) }
  if training.objective.binarization != .none {
    json.append("binarization", .string("\(training.objective.binarization)"))
  }
  let (schedule, warmUp) = (training.schedule, training.warmUp)
  if schedule.kind != .constant { json.append("rate_schedule", .string("\(schedule.kind)")) }
  if warmUp.kind != .none { json.append("warm_up", .string("\(warmUp.kind)")) }
  let numbers = [
    ("rate_decay", schedule.decay), ("rate_epochs", schedule.epochs), ("rate_floor", schedule.floor),
    ("warm_up_epochs", warmUp.epochs), ("warm_up_share", warmUp.share), ("weight_decay", training.weightDecay),
    ("clip_norm", training.clipNorm),
  ]
  for (key, value) in numbers where value != 0 { json.append(key, .number(value)) }
  if !schedule.milestones.isEmpty { json.append("rate_milestones", .array(schedule.milestones.map { .integer($0) })) }
  if warmUp.cycles != 0 { json.append("warm_up_cycles", .integer(warmUp.cycles)) }
  if training.patience != 0 { json.append("patience", .integer(training.patience)) }
  return json
}

private func scheduleText(_ schedule: LearningRateSchedule) -> String {
  switch schedule.kind {
  case .exponential: "times \(shortest(schedule.decay)) an epoch"
  case .cosine: "a cosine to \(shortest(schedule.floor)) over \(shortest(schedule.epochs)) epochs"
  case .steps:
    "times \(shortest(schedule.decay)) after epochs \(schedule.milestones.map(String.init).joined(separator: ", "))"
  default: "\(schedule.kind)"
  }
}

private func warmUpText(_ warmUp: WarmUp) -> String {
  let cycles = warmUp.kind == .cyclic ? ", \(plural(warmUp.cycles, "cycle")) rising for \(shortest(warmUp.share))" : ""
  return "\(warmUp.kind), \(shortest(warmUp.epochs)) epochs\(cycles)"
}

/// What is written only where it was asked for.
private func trainingDetails(_ training: TrainingConfiguration) -> [String] {
  var lines: [String] = []
  if training.schedule.kind != .constant { lines.append("schedule     \(scheduleText(training.schedule))") }
  if training.warmUp.kind != .none { lines.append("warm-up      \(warmUpText(training.warmUp))") }
  if training.clipNorm > 0 { lines.append("clipping     gradient norm \(shortest(training.clipNorm))") }
  if training.patience > 0 { lines.append("patience     \(plural(training.patience, "epoch"))") }
  if training.objective.binarization != .none { lines.append("binarisation \(training.objective.binarization)") }
  return lines
}

private func infoText(_ model: VAE, _ path: String, _ bytes: Int?) -> String {
  let configuration = model.configuration
  var lines = [
    "\(printable(path)): a VAE \(networkText(configuration))",
    "\(grouped(model.valueCount)) parameters" + (bytes.map { ", \(fileSize($0))" } ?? ""),
    "",
    "input        \(configuration.inputDimension)",
    "encoder      \(layersText(configuration.encoder))",
    "latent       \(configuration.latentDimension), prior \(configuration.prior)",
    "decoder      \(layersText(configuration.decoder))",
    "likelihood   \(likelihoodText(configuration.likelihood))",
  ]
  if let training = model.trainingConfiguration {
    let objective = training.objective
    let beta = objective.kind == .elbo ? ", beta \(shortest(objective.beta))" : ""
    let betas = "beta1 \(shortest(training.beta1)), beta2 \(shortest(training.beta2))"
    lines += [
      "objective    \(objective.kind), \(plural(objective.samples, "latent sample"))\(beta)",
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

/// "784-400-20-400-784".
func networkText(_ configuration: VAE.Configuration) -> String {
  let sizes =
    [configuration.inputDimension] + configuration.encoder.map(\.units) + [configuration.latentDimension]
    + configuration.decoder.map(\.units) + [configuration.inputDimension]
  return sizes.map(String.init).joined(separator: "-")
}

private func layersText(_ layers: [VAE.Layer]) -> String {
  layers.isEmpty ? "linear" : layers.map { "\($0.units) \($0.activation)" }.joined(separator: ", ")
}

private func likelihoodText(_ likelihood: VAE.Likelihood) -> String {
  if !likelihood.groups.isEmpty {
    return "\(likelihood.kind), groups of \(likelihood.groups.map(String.init).joined(separator: ",")) columns"
  }
  guard likelihood.kind.isLocated else { return "\(likelihood.kind)" }
  let activation = likelihood.outputActivation
  let sigma = likelihood.sigmaKind == .fixed ? shortest(likelihood.sigma) : "learned (\(likelihood.sigmaKind))"
  return "\(likelihood.kind), sigma \(sigma)"
    + (activation == .identity ? "" : ", mean through \(activation)")
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
