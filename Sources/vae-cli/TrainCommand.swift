import CVAE
import VAEData
import VAEFiles

let trainCommand = Command(
  name: "train",
  summary: "train a variational autoencoder (VAE)",
  operands: [
    Operand(
      name: "DATA",
      help: "digits (10,000 MNIST digits that come with the program), an IDX file (plain or .gz), a .npy (float32, "
        + "float64, uint8) or a .csv (plain or .gz); one row or image is one example. digits means the first 9,000, "
        + "with the other 1,000 held out; digits:train and digits:test are the two parts alone")
  ],
  details: [
    "Shows a line per epoch. All numbers are nats per example: loss = rec (-log p(x given z)) + kl (of the code from "
      + "the prior), and the loss on what is held out. Ctrl-C stops after the running mini-batch and writes the "
      + "model as it is; a second Ctrl-C quits at once.",
    "The pictures: samples.png has new examples, drawn from the prior; reconstructions.png has held-out examples "
      + "above what the model makes of them; latent-grid.png shows how examples change with their code. With two "
      + "latent dimensions that is the plane of codes, at the quantiles of the prior; with more, the codes between "
      + "those of four held-out examples, which are at the corners; with one, the quantiles line by line.",
  ],
  groups: TrainOptions.optionGroups,
  examples: [
    Example("vae-cli train digits", "784-400-20 on digits; writes model.safetensors"),
    Example("vae-cli train digits --latent 2 --epochs 30 --pictures pictures", "two latent dimensions, and pictures"),
    Example(
      "vae-cli train table.csv --likelihood gaussian --hidden 64,32 --latent 4", "a table of standardised numbers"),
    Example(
      "vae-cli train counts.csv --likelihood negative_binomial --activation tanh --hidden 64 --latent 4",
      "counts; units with bounds, for the encoder reads them as they are"),
    Example("vae-cli train digits --prior vamp --components 100", "a prior that is learned"),
    Example("vae-cli train digits --regularizer tc --regularizer-weight 5 --batch 512", "beta-TC"),
    Example("vae-cli train digits --preset iwae-1layer --epochs 40", "a published model, but for fewer epochs"),
    Example("vae-cli train digits --condition labels", "digits given their class"),
    Example("vae-cli train digits --observed left --prior conditional", "right halves given the left ones"),
    Example("vae-cli train digits --checkpoint run.safetensors", "a run that can be continued,"),
    Example("vae-cli train digits --resume run.safetensors --epochs 20", "and its continuation to 20 epochs"),
    Example(
      "vae-cli train digits --epochs 200 --patience 10 --schedule cosine", "until the held-out loss falls no more"),
  ],
  run: train)

private func train(_ given: Arguments) throws -> Int32 {
  let arguments = given[TrainOptions.preset].map { given.with($0.fallbacks(beside: given)) } ?? given
  try checkTogether(arguments)
  let outPath = arguments[TrainOptions.out] ?? TrainOptions.defaultModel
  try checkConflicts(arguments, outPath)
  // What cannot be written should be known before the hours of training, not after them.
  for path in [outPath, arguments[TrainOptions.checkpoint]] {
    if let path { try checkWritable(path) }
  }
  let setup =
    try arguments.has(TrainOptions.resume) ? TrainingSetup(resuming: arguments) : TrainingSetup(new: arguments)
  let pictures = try arguments[TrainOptions.pictures].map { folder in
    try TrainingPictures(folder: folder, setup: setup, shape: arguments[Shared.shape])
  }
  let session = try TrainingSession(setup: setup, arguments: arguments)
  try session.run()
  try session.finish(outPath: outPath, pictures: pictures)
  return session.exitCode
}

private func checkConflicts(_ arguments: Arguments, _ outPath: String) throws(UsageError) {
  let resumed = "the checkpoint of --resume"
  var heldOut: InputFile?
  if case .data(let source) = arguments[TrainOptions.validation] { heldOut = .data("the data of --validation", source) }
  let pictures = arguments[TrainOptions.pictures].map(TrainingPictures.paths) ?? []
  try checkConflicts(
    inputs: [
      .data("the data", arguments.operands[0]), heldOut, arguments[TrainOptions.resume].map { InputFile(resumed, $0) },
      arguments[ConditionOptions.condition]?.input, arguments[ConditionOptions.validation]?.input,
    ],
    outputs: [
      OutputFile("--out", outPath),
      arguments[TrainOptions.checkpoint].map { OutputFile("--checkpoint", $0, mayBe: resumed) },
      arguments[TrainOptions.log].map { OutputFile("--log", $0) },
    ] + pictures.map { OutputFile("--pictures", $0) })
}

/// Throws where options do not go together.
private func checkTogether(_ arguments: Arguments) throws(UsageError) {
  let outPath = arguments[TrainOptions.out] ?? TrainOptions.defaultModel
  for option in [TrainOptions.out, TrainOptions.checkpoint] {
    guard let path = arguments[option] else { continue }
    let ending = [".png", ".npy", ".csv", ".gz", ".jsonl"].first { path.lowercased().hasSuffix($0) }
    if ending != nil {
      throw UsageError("train: --\(option.name) \(quoted(path)): a model is a .safetensors file")
    }
  }
  if arguments[TrainOptions.checkpoint] == "-" {
    throw UsageError("train: --checkpoint must be a file, not standard output")
  }
  try checkStandardOutput(arguments, [outPath, arguments[TrainOptions.log]], command: "train")
  try checkCondition(arguments)
  if arguments.has(TrainOptions.resume) {
    if let option = TrainOptions.fixedByCheckpoint.first(where: { arguments.has($0) }) {
      throw UsageError("train: \(arguments.text(option)) does not go with --resume: the checkpoint says it already")
    }
    return
  }
  if arguments.has(TrainOptions.hidden), arguments.has(TrainOptions.encoder), arguments.has(TrainOptions.decoder) {
    throw UsageError("train: \(arguments.text(TrainOptions.hidden)) has no effect beside --encoder and --decoder")
  }
  for detail in TrainOptions.details where arguments.has(detail.option) && !detail.words.contains(arguments[detail.of])
  {
    let others = detail.words.dropLast().joined(separator: ", ")
    let words = (others.isEmpty ? "" : "\(others) or ") + (detail.words.last ?? "")
    throw UsageError("train: \(arguments.text(detail.option)) needs --\(detail.of.name) \(words)")
  }
  for option in [ObjectiveOptions.capacityWeight, ObjectiveOptions.capacityEpochs] as [any AnyOption]
  where arguments.has(option) && !arguments.isSet(ObjectiveOptions.capacity) {
    throw UsageError("train: \(arguments.text(option)) needs --capacity")
  }
  let objective = try ObjectiveOptions.chosen(arguments)
  if objective.kind != .elbo, arguments.has(TrainOptions.warmUp), arguments[TrainOptions.warmUp] != "none" {
    throw UsageError(
      "train: \(arguments.text(TrainOptions.warmUp)) does not go with --objective iwae, "
        + "which has no separate KL to weigh"
    )
  }
  if objective.binarization != .none, arguments[TrainOptions.likelihood] != "bernoulli" {
    throw UsageError(
      "train: \(arguments.text(Shared.binarize)) makes values 0 or 1, which needs --likelihood bernoulli")
  }
  let missing: [(String, any AnyOption)] = [
    ("exponential", TrainOptions.scheduleDecay), ("steps", TrainOptions.milestones),
  ]
  for (word, option) in missing where arguments[TrainOptions.schedule] == word && !arguments.isSet(option) {
    throw UsageError("train: --schedule \(word) needs --\(option.name)")
  }
  if arguments[TrainOptions.schedule] == "cosine",
    arguments[TrainOptions.scheduleFloor] > arguments[TrainOptions.learningRate]
  {
    throw UsageError("train: \(arguments.text(TrainOptions.scheduleFloor)) is over the learning rate")
  }
  if arguments[TrainOptions.weightDecay] * arguments[TrainOptions.learningRate] > 1 {
    throw UsageError(
      "train: \(arguments.text(TrainOptions.weightDecay)) times the learning rate is over 1: "
        + "a step would take more than the whole weight")
  }
  if arguments[TrainOptions.patience] > 0, arguments[TrainOptions.validation] == .fraction(0) {
    throw UsageError("train: \(arguments.text(TrainOptions.patience)) needs something held out; --validation is 0")
  }
  if arguments[TrainOptions.likelihood] == "categorical", !arguments.has(TrainOptions.groups) {
    throw UsageError("train: --likelihood categorical needs --groups")
  }
}

/// Throws where options about the condition do not go together.
private func checkCondition(_ arguments: Arguments) throws(UsageError) {
  let isObserved = arguments[ConditionOptions.observed] != nil
  let isGiven = arguments[ConditionOptions.condition] != nil
  if isObserved, isGiven {
    throw UsageError("train: --observed makes the condition; --condition does not go with it")
  }
  for option in [ConditionOptions.kind, ConditionOptions.classes, ConditionOptions.validation] as [any AnyOption]
  where arguments.has(option) && !isGiven {
    throw UsageError("train: \(arguments.text(option)) needs --condition")
  }
  if isObserved, arguments.has(TrainOptions.pictures) {
    throw UsageError("train: --pictures does not go with --observed; vae-cli complete draws what such a model makes")
  }
  if arguments[PriorOptions.prior] == "vamp", isGiven || isObserved {
    throw UsageError("train: --prior vamp takes no condition: its pseudo-inputs have none")
  }
}
