import CVAE
import VAEData

private let out = Shared.out(png: "a grid of at most 1024 pictures")
private let count = Option<Int>.count("count", "N", 1...1_000_000_000, default: 64, help: "how many examples to make")

let sampleCommand = Command(
  name: "sample",
  summary: "make new examples: codes drawn from the prior, decoded",
  operands: [Shared.model],
  details: [
    "Writes the mean of p(x given z), or draws from it. Row 7 of a seed is the same whatever the count. A picture of "
      + "classes has a column for each, in the order in which they are given."
  ],
  groups: [
    OptionGroup(
      "Options",
      [
        out, count, ConditionOptions.drawn, Shared.draw, Shared.seed, Shared.shape, Shared.precision, Shared.threads,
        Shared.quiet, Shared.json,
      ])
  ],
  examples: [
    Example("vae-cli sample model.safetensors --count 100 --out samples.png", "a picture of a hundred new digits"),
    Example("vae-cli sample model.safetensors --count 1000 --seed 1 --out samples.npy", "a thousand others, for NumPy"),
    Example(
      "vae-cli sample model.safetensors --condition 0,1,2,3,4,5,6,7,8,9 --count 80 --out classes.png",
      "eight of each class"),
  ],
  run: sample)

private func sample(_ arguments: Arguments) throws -> Int32 {
  let modelPath = arguments.operands[0]
  let path = try outputPath(arguments, out, command: "sample")
  let target = try RowTarget(path, command: "sample", allowsPictures: true)
  if target == .picture, arguments[count] > RowWriter.mostPictures {
    throw UsageError("sample: \(arguments.text(count)): a .png holds at most \(RowWriter.mostPictures); write a .npy")
  }
  let given = arguments[ConditionOptions.drawn]
  try checkConflicts(
    inputs: [InputFile("the model", modelPath), given?.input], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let condition = try modelCondition(given, of: model, named: modelPath, rows: nil, command: "sample")
  var across: Int?
  if let condition, condition.isClasses, (2...32).contains(condition.rows) { across = condition.rows }
  let writer = try RowWriter(
    path: path, target: target, rows: arguments[count], model: model, arguments: arguments, data: nil,
    command: "sample", across: across)
  let step = max(1, min(4096, (1 << 20) / model.configuration.inputDimension))
  for start in stride(from: 0, to: writer.rows, by: step) {
    let rows = min(step, writer.rows - start)
    let told = try condition?.repeated(to: rows, from: start).whole
    let (seed, first) = (arguments[Shared.seed], UInt64(start))
    if arguments[Shared.draw] {
      let z = try model.sampleWithLatents(count: rows, given: told, seed: seed, firstRow: first).z
      try writer.append(model.likelihoodSamples(z, given: told, seed: seed, firstRow: first))
    } else {
      try writer.append(model.sample(count: rows, given: told, seed: seed, firstRow: first))
    }
  }
  try writer.finish(["model": .string(modelPath), "seed": .unsigned(arguments[Shared.seed])])
  return 0
}
