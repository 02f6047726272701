import CVAE
import VAEData
import VAEFiles

private let out = Shared.out(png: "a grid of at most 1024 pictures")
private let parameters = Option<Bool>.flag(
  "parameters",
  help: "write all parameters of p(x given z), one after the other in a row: location and scale, rate, ...")

let decodeCommand = Command(
  name: "decode",
  summary: "turn codes into data: the mean of p(x given z), or draws from it",
  operands: [
    Shared.model,
    Operand(
      name: "Z", help: "a .csv or .npy with a number per latent dimension in each row, such as vae-cli encode writes"),
  ],
  details: [],
  groups: [
    OptionGroup(
      "Options",
      [
        out, ConditionOptions.besideCodes, Shared.draw, parameters, Shared.seed, Shared.shape, Shared.precision,
        Shared.threads, Shared.quiet, Shared.json,
      ])
  ],
  examples: [
    Example("vae-cli decode model.safetensors codes.npy --out decoded.npy", "what vae-cli encode wrote, and back"),
    Example("vae-cli decode model.safetensors codes.csv --out decoded.png", "the same as a picture"),
    Example("vae-cli decode model.safetensors codes.csv --draw --seed 1 --out drawn.png", "black and white digits"),
    Example(
      "vae-cli decode model.safetensors codes.csv --condition 7 --out sevens.png",
      "of a model that is told the classes: all of them as sevens"),
    Example(
      "vae-cli decode model.safetensors codes.csv --parameters --out parameters.csv",
      "all of p(x given z): locations and scales, rates, ..."),
  ],
  run: decode)

private func decode(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, zPath) = (arguments.operands[0], arguments.operands[1])
  let path = try outputPath(arguments, out, command: "decode")
  let target = try RowTarget(path, command: "decode", allowsPictures: !arguments[parameters])
  let given = arguments[ConditionOptions.besideCodes]
  if arguments[parameters], arguments[Shared.draw] {
    throw UsageError("decode: --parameters and --draw are two things")
  }
  if arguments.has(Shared.seed), !arguments[Shared.draw] { throw UsageError("decode: --seed needs --draw") }
  try checkConflicts(
    inputs: [InputFile("the model", modelPath), .data("the codes", zPath), given?.input],
    outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let codes = try DataTable.read(zPath, options: ReadOptions(scale: .factor(1), unitInterval: false))
  let latents = model.configuration.latentDimension
  guard codes.columns == latents else {
    throw Failure(
      "\(printable(codes.source)): a row has \(plural(codes.columns, "number")); the model \(printable(modelPath)) has "
        + plural(latents, "latent dimension")
        + (codes.columns == 2 * latents ? "; encode without --logvar writes codes to decode" : ""))
  }
  try codes.check()
  let condition = try modelCondition(given, of: model, named: modelPath, rows: codes.rows, command: "decode")
  let names = arguments[parameters] ? model.configuration.likelihood.kind.parameterNames : []
  let writer = try RowWriter(
    path: path, target: target, rows: codes.rows, model: model, arguments: arguments, data: nil, command: "decode",
    parameters: names)
  var row: UInt64 = 0
  try Examples(table: codes, condition: condition).forEachPiece(of: 0..<writer.rows) { piece, z in
    if !names.isEmpty {
      let values = try model.likelihoodParameters(z, given: piece.condition).values
      try writer.append(interleaved(values, names.count, rows: z.count / latents))
    } else if arguments[Shared.draw] {
      try writer.append(
        model.likelihoodSamples(z, given: piece.condition, seed: arguments[Shared.seed], firstRow: row))
    } else {
      try writer.append(model.decode(z, given: piece.condition))
    }
    row += UInt64(z.count / latents)
  }
  try writer.finish(["model": .string(modelPath), "data": .string(zPath)])
  return 0
}

/// `[count, rows, D]` as `[rows, count, D]`.
private func interleaved(_ values: [Float], _ count: Int, rows: Int) -> [Float] {
  let columns = values.count / (count * rows)
  var result: [Float] = []
  result.reserveCapacity(values.count)
  for row in 0..<rows {
    for index in 0..<count {
      let start = (index * rows + row) * columns
      result += values[start..<start + columns]
    }
  }
  return result
}
