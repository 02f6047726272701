import CVAE
import VAEData
import VAEFiles

private let out = Shared.out(png: "a grid of at most 1024 pictures")

let decodeCommand = Command(
  name: "decode",
  summary: "turn codes into data: the mean of p(x given z)",
  operands: [
    Shared.model,
    Operand(
      name: "Z", help: "a .csv or .npy with a number per latent dimension in each row, such as vae-cli encode writes"),
  ],
  details: [],
  groups: [OptionGroup("Options", [out, Shared.shape, Shared.precision, Shared.threads, Shared.quiet, Shared.json])],
  examples: [
    Example("vae-cli decode model.safetensors codes.npy --out decoded.npy", "what vae-cli encode wrote, and back"),
    Example("vae-cli decode model.safetensors codes.csv --out decoded.png", "the same as a picture"),
  ],
  run: decode)

private func decode(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, zPath) = (arguments.operands[0], arguments.operands[1])
  let path = try outputPath(arguments, out, command: "decode")
  let target = try RowTarget(path, command: "decode", allowsPictures: true)
  try checkConflicts(
    inputs: [InputFile("the model", modelPath), .data("the codes", zPath)], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let codes = try DataTable.read(zPath, options: ReadOptions(scale: .factor(1), unitInterval: false))
  let latents = model.configuration.latentDimension
  guard codes.columns == latents else {
    throw Failure(
      "\(printable(codes.source)): a row has \(plural(codes.columns, "number")); the model \(printable(modelPath)) has "
        + plural(latents, "latent dimension"))
  }
  try codes.check()
  let writer = try RowWriter(
    path: path, target: target, rows: codes.rows, model: model, arguments: arguments, data: nil, command: "decode")
  try codes.forEachPiece(of: 0..<writer.rows) { try writer.append(model.decode($0)) }
  try writer.finish(["model": .string(modelPath), "data": .string(zPath)])
  return 0
}
