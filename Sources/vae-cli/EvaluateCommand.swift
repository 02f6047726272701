import CVAE
import VAEData
import VAEFiles

private let out = Option<String?>.path(
  "out", "FILE", shown: "none",
  help: "write loss, reconstruction and kl of every example, in this order (.csv or .npy; - is standard output): the "
    + "higher an example's loss, the less the model expects it. With --statistics also log_evidence and "
    + "effective_samples")

let evaluateCommand = Command(
  name: "evaluate",
  summary: "measure how well a model describes data, as a whole or per example",
  operands: [Shared.model, Shared.data],
  details: [
    "The loss is the negative evidence lower bound in nats per example, unless an option says otherwise: "
      + "reconstruction (-log p(x given z)) plus KL divergence of the code from the prior. Lower is better.",
    "--statistics adds what can be published: log p(x) by importance sampling with its errors and effective samples, the "
      + "KL of each latent, active latents, mutual information, bits per dimension, and warnings where a number or the "
      + "model cannot be trusted. docs/EVALUATION.md says what each one means.",
  ],
  groups: [
    OptionGroup(
      "Options",
      [
        out, ConditionOptions.beside, ConditionOptions.observed, Shared.objective, Shared.samples, Shared.beta,
        Shared.binarize, Shared.seed, Shared.scale,
        Shared.precision, Shared.threads, Shared.quiet, Shared.json,
      ]),
    OptionGroup("Statistics", StatisticsOptions.all),
  ],
  examples: [
    Example("vae-cli evaluate model.safetensors digits", "the held-out digits"),
    Example("vae-cli evaluate model.safetensors digits --out scores.csv", "an anomaly score for each of them"),
    Example("vae-cli evaluate model.safetensors digits --condition labels", "of a model that is told the classes"),
    Example("vae-cli evaluate model.safetensors digits --objective iwae --samples 50", "a tighter bound"),
    Example(
      "vae-cli evaluate model.safetensors digits --statistics --importance-samples 5000", "log p(x) as papers report it"
    ),
  ],
  run: evaluate)

private func evaluate(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, dataPath) = (arguments.operands[0], arguments.operands[1])
  let outPath = arguments[out]
  try checkStandardOutput(arguments, [outPath], command: "evaluate")
  let objective = try chosenObjective(arguments, command: "evaluate")
  let options = try StatisticsOptions(arguments, command: "evaluate")
  var format: TableFormat?
  if let outPath, case .table(let found) = try RowTarget(outPath, command: "evaluate", allowsPictures: false) {
    format = found
    try checkConflicts(
      inputs: [
        InputFile("the model", modelPath), .data("the data", dataPath), arguments[ConditionOptions.beside]?.input,
      ], outputs: [OutputFile("--out", outPath)])
    try checkWritable(outPath)
  }
  let speech = Speech(isQuiet: arguments[Shared.quiet], standardOutputIsTaken: arguments[Shared.json] || outPath == "-")

  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let examples = try Examples(dataPath, for: model, named: modelPath, arguments, command: "evaluate")
  let table = examples.table
  let loss: VAE.Loss
  let statistics: VAE.Statistics?
  if let outPath {
    let scores = try model.scores(examples.asRows, objective: objective, seed: arguments[Shared.seed])
    statistics = try options?.measure(model, examples, seed: arguments[Shared.seed])
    try write(scores, statistics, to: outPath, format)
    loss = scores.total
  } else {
    loss = try model.evaluate(examples.asRows, objective: objective, seed: arguments[Shared.seed])
    statistics = try options?.measure(model, examples, seed: arguments[Shared.seed])
  }
  if arguments[Shared.json] {
    var json: JSON = ["model": .string(modelPath), "data": .string(table.source)]
    json.append(loss)
    json.append("objective", .string("\(objective.kind)"))
    json.append("samples", .integer(objective.samples))
    json.append("beta", .number(objective.beta))
    json.append("seed", .unsigned(arguments[Shared.seed]))
    json.append("precision", .string("\(model.precision)"))
    if let outPath { json.append("scores", .string(outPath)) }
    if let statistics { json.append("statistics", JSON(statistics)) }
    try printOut(json.line)
  } else {
    let line = EpochLine(loss, objective: objective)
    try speech.say(
      "\(line.terms) nats per example, over \(plural(loss.examples, "example")) of \(printable(table.source))")
    if let statistics {
      let isGiven = model.configuration.conditionDimension > 0
      for line in statistics.report(isGiven: isGiven) { try speech.say(line) }
    }
    if let outPath, outPath != "-" { try speech.say("The terms of each example are in \(printable(outPath))") }
  }
  return 0
}

private func write(
  _ scores: VAE.Scores, _ statistics: VAE.Statistics?, to path: String, _ format: TableFormat?
) throws {
  let rows = scores.loss.count
  var names = ["loss", "reconstruction", "kl"]
  if statistics != nil { names += ["log_evidence", "effective_samples"] }
  let writer = try TableWriter(path: path, format: format, rows: rows, rowShape: [names.count], columnNames: names)
  var values: [Float] = []
  values.reserveCapacity(rows * names.count)
  for row in 0..<rows {
    values += [scores.loss[row], scores.reconstruction[row], scores.kl[row]]
    if let statistics {
      values += [Float(statistics.exampleLogEvidence[row]), Float(statistics.exampleEffectiveSamples[row])]
    }
  }
  try writer.append(values)
  try writer.finish()
}
