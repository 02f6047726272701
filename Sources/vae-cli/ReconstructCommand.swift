import CVAE
import VAEData
import VAEFiles

private let out = Shared.out(png: "originals above their reconstructions")
private let count = Option<Int?>.count(
  "count", "N", 1...1_000_000_000, shown: "all; 40 in a .png", help: "only the first rows of the data")

let reconstructCommand = Command(
  name: "reconstruct",
  summary: "encode data and decode the codes again",
  operands: [Shared.model, Shared.data],
  details: [
    "Writes the mean of p(x given z), where z is the mean of q(z given x): a row per example, as wide as the data."
  ],
  groups: [
    OptionGroup(
      "Options",
      [
        out, count, ConditionOptions.beside, Shared.shape, Shared.scale, Shared.precision, Shared.threads, Shared.quiet,
        Shared.json,
      ])
  ],
  examples: [
    Example(
      "vae-cli reconstruct model.safetensors digits --out pairs.png", "held-out digits, and what is left of them"),
    Example("vae-cli reconstruct model.safetensors digits --out digits.npy", "all of them as numbers"),
  ],
  run: reconstruct)

private func reconstruct(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, dataPath) = (arguments.operands[0], arguments.operands[1])
  let path = try outputPath(arguments, out, command: "reconstruct")
  let target = try RowTarget(path, command: "reconstruct", allowsPictures: true)
  if target == .picture, let count = arguments[count], count > RowWriter.mostPictures {
    throw UsageError("reconstruct: --count \(count): a .png holds at most \(RowWriter.mostPictures); write a .npy")
  }
  try checkConflicts(
    inputs: [
      InputFile("the model", modelPath), .data("the data", dataPath), arguments[ConditionOptions.beside]?.input,
    ], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let examples = try Examples(dataPath, for: model, named: modelPath, arguments, command: "reconstruct")
  let table = examples.table
  let rows = min(table.rows, arguments[count] ?? (target == .picture ? 40 : table.rows))
  let writer = try RowWriter(
    path: path, target: target, rows: rows, model: model, arguments: arguments, data: table, command: "reconstruct")
  try examples.forEachPiece(of: 0..<rows) { piece, originals in
    try writer.append(model.reconstruct(piece), originals: originals)
  }
  try writer.finish(["model": .string(modelPath), "data": .string(table.source)])
  return 0
}
