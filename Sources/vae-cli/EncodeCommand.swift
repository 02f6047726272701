import CVAE
import VAEData
import VAEFiles

private let out = Option<String?>.path(
  "out", "FILE", shown: "standard output, unless that is a terminal",
  help: "where the codes go, by its ending: .csv or .npy; - is standard output, as CSV")
private let logvar = Option<Bool>.flag(
  "logvar", help: "write the logarithms of the variances behind the means, so that a row has twice as many numbers")

let encodeCommand = Command(
  name: "encode",
  summary: "turn data into codes: the means of q(z given x)",
  operands: [Shared.model, Shared.data],
  details: ["Writes a row per example, with a number per latent dimension. A CSV has a header: mean_0, mean_1, ..."],
  groups: [
    OptionGroup(
      "Options",
      [
        out, logvar, ConditionOptions.beside, ConditionOptions.observed, Shared.scale, Shared.precision, Shared.threads,
        Shared.quiet, Shared.json,
      ])
  ],
  examples: [
    Example("vae-cli encode model.safetensors digits --out codes.npy", "the codes of the held-out digits, for NumPy"),
    Example("vae-cli encode model.safetensors digits | head -n 3", "the first two of them, as CSV"),
    Example(
      "vae-cli encode model.safetensors digits --condition labels --out codes.csv",
      "of a model that is told the classes"),
  ],
  run: encode)

private func encode(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, dataPath) = (arguments.operands[0], arguments.operands[1])
  let path = try outputPath(arguments, out, command: "encode")
  guard case .table(let format) = try RowTarget(path, command: "encode", allowsPictures: false) else { return 2 }
  try checkConflicts(
    inputs: [
      InputFile("the model", modelPath), .data("the data", dataPath), arguments[ConditionOptions.beside]?.input,
    ], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let speech = Speech(isQuiet: arguments[Shared.quiet], standardOutputIsTaken: arguments[Shared.json] || path == "-")

  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let examples = try Examples(dataPath, for: model, named: modelPath, arguments, command: "encode")
  let table = examples.table
  let latents = model.configuration.latentDimension
  let withLogvar = arguments[logvar]
  let columns = withLogvar ? 2 * latents : latents
  var names = (0..<latents).map { "mean_\($0)" }
  if withLogvar { names += (0..<latents).map { "logvar_\($0)" } }
  let writer = try TableWriter(path: path, format: format, rows: table.rows, rowShape: [columns], columnNames: names)
  try examples.forEachPiece(of: 0..<table.rows) { piece, _ in
    let posterior = try model.encode(piece)
    guard withLogvar else { return try writer.append(posterior.mean) }
    var values: [Float] = []
    values.reserveCapacity(posterior.count * columns)
    for row in 0..<posterior.count {
      values += posterior.mean[row * latents..<(row + 1) * latents]
      values += posterior.logvar[row * latents..<(row + 1) * latents]
    }
    try writer.append(values)
  }
  try writer.finish()
  if arguments[Shared.json] {
    let json: JSON = [
      "model": .string(modelPath), "data": .string(table.source), "file": .string(path), "rows": .integer(table.rows),
      "columns": .integer(columns),
    ]
    try printOut(json.line)
  } else if path != "-" {
    try speech.say("\(plural(table.rows, "row")) of \(plural(columns, "number")) are in \(printable(path))")
  }
  return 0
}
