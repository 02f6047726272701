import CVAE
import VAEData

private let out = Shared.out(png: "a grid of at most 1024 pictures")
private let count = Option<Int>.count("count", "N", 1...1_000_000_000, default: 64, help: "how many examples to make")

let sampleCommand = Command(
  name: "sample",
  summary: "make new examples: codes drawn from the prior, decoded",
  operands: [Shared.model],
  details: ["Writes the mean of p(x given z). Row 7 of a seed is the same whatever the count."],
  groups: [
    OptionGroup(
      "Options", [out, count, Shared.seed, Shared.shape, Shared.precision, Shared.threads, Shared.quiet, Shared.json])
  ],
  examples: [
    Example("vae-cli sample model.safetensors --count 100 --out samples.png", "a picture of a hundred new digits"),
    Example("vae-cli sample model.safetensors --count 1000 --seed 1 --out samples.npy", "a thousand others, for NumPy"),
  ],
  run: sample)

private func sample(_ arguments: Arguments) throws -> Int32 {
  let path = try outputPath(arguments, out, command: "sample")
  let target = try RowTarget(path, command: "sample", allowsPictures: true)
  if target == .picture, arguments[count] > RowWriter.mostPictures {
    throw UsageError("sample: \(arguments.text(count)): a .png holds at most \(RowWriter.mostPictures); write a .npy")
  }
  try checkConflicts(
    inputs: [InputFile("the model", arguments.operands[0])], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(
    arguments.operands[0], threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let writer = try RowWriter(
    path: path, target: target, rows: arguments[count], model: model, arguments: arguments, data: nil, command: "sample"
  )
  let step = max(1, min(4096, (1 << 20) / model.configuration.inputDimension))
  for start in stride(from: 0, to: writer.rows, by: step) {
    let rows = min(step, writer.rows - start)
    try writer.append(model.sample(count: rows, seed: arguments[Shared.seed], firstRow: UInt64(start)))
  }
  try writer.finish(["model": .string(arguments.operands[0]), "seed": .unsigned(arguments[Shared.seed])])
  return 0
}
