import CVAE

/// A model's configuration under the keys of its file.
func configurationJSON(_ configuration: VAE.Configuration) -> JSON {
  let layers = { (layers: [VAE.Layer]) -> JSON in
    .array(layers.map { ["units": .integer($0.units), "activation": .string("\($0.activation)")] })
  }
  let (prior, likelihood) = (configuration.prior, configuration.likelihood)
  var json: JSON = [
    "input_dim": .integer(configuration.inputDimension),
    "condition_dim": .integer(configuration.conditionDimension),
    "latent_dim": .integer(configuration.latentDimension),
    "encoder": layers(configuration.encoder),
    "decoder": layers(configuration.decoder),
    "prior": .string("\(prior.kind)"),
    "prior_net": layers(prior.layers),
    "likelihood": .string("\(likelihood.kind)"),
    "sigma": likelihood.sigmaKind == .fixed ? .number(likelihood.sigma) : .string("\(likelihood.sigmaKind)"),
    "output_activation": .string("\(likelihood.outputActivation)"),
  ]
  if prior.components != 0 { json.append("prior_components", .integer(prior.components)) }
  if !likelihood.groups.isEmpty { json.append("groups", .array(likelihood.groups.map { .integer($0) })) }
  return json
}

/// How a model was trained under the keys of its file.
func trainingJSON(_ training: TrainingConfiguration) -> JSON {
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
  let objective = training.objective
  if objective.estimator != .plain { json.append("estimator", .string("\(objective.estimator)")) }
  let regularizer = objective.regularizer
  if regularizer.kind != .none { json.append("regularizer", .string("\(regularizer.kind)")) }
  let added = [
    ("free_bits", objective.freeBits), ("capacity", objective.capacity), ("capacity_weight", objective.capacityWeight),
    ("capacity_epochs", training.capacityEpochs), ("regularizer_weight", regularizer.weight),
    ("regularizer_diagonal", regularizer.diagonalWeight), ("kernel_scale", regularizer.kernelScale ?? 0),
    ("dropout", training.dropout),
  ]
  for (key, value) in added where value != 0 { json.append(key, .number(value)) }
  if let projections = regularizer.projections { json.append("projections", .integer(projections)) }
  if let rows = regularizer.dataRows { json.append("data_rows", .integer(rows)) }
  return json
}
