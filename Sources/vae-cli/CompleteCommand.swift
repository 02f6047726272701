import CVAE
import VAEData
import VAEFiles
import VAEPictures

private let out = Option<String?>.path(
  "out", "FILE",
  help: "where to, by its ending; required. .png: a line for each image, what is seen, the completions and the truth. "
    + ".npy: the completed images, [images, draws, ...]")
private let observed = Option<ObservedPart?>(
  "observed", form: "PART", default: nil, shown: nil,
  help: "what is seen of an image: left, top, or quadrants=N with N from 1 to 3; required, the part that the model was "
    + "trained with"
) { text throws(BadValue) in
  guard let part = ObservedPart(text) else { throw BadValue(allowed: "left, top, quadrants=1, 2 or 3") }
  return part
}
private let count = Option<Int?>.count(
  "count", "N", 1...1_000_000, shown: "10; all in a .npy", help: "only the first images of the data")
private let draws = Option<Int>.count("draws", "N", 1...1000, default: 5, help: "completions of each image")

let completeCommand = Command(
  name: "complete",
  summary: "complete images of which a part is seen",
  operands: [Shared.model, Shared.data],
  details: [
    "The model is one of vae-cli train --observed: it is told the part that is seen, and each completion is decoded from "
      + "a code of its own, drawn from the prior given that part. DATA are whole images, so that the truth can be shown."
  ],
  groups: [
    OptionGroup(
      "Options",
      [
        observed, out, count, draws, Shared.draw, Shared.seed, Shared.shape, Shared.scale, Shared.precision,
        Shared.threads, Shared.quiet, Shared.json,
      ])
  ],
  examples: [
    Example("vae-cli train digits --preset cvae-quadrant --epochs 20", "the model: a quadrant is seen,"),
    Example("vae-cli complete model.safetensors digits --observed quadrants=1 --out completions.png", "and its use"),
  ],
  run: complete)

private func complete(_ arguments: Arguments) throws -> Int32 {
  let (modelPath, dataPath) = (arguments.operands[0], arguments.operands[1])
  guard let part = arguments[observed] else {
    throw UsageError("complete: --observed PART is missing: left, top, quadrants=1, 2 or 3")
  }
  guard let path = arguments[out] else { throw UsageError("complete: --out FILE is missing (.png or .npy)") }
  let isPicture = path.lowercased().hasSuffix(".png")
  guard isPicture || path.lowercased().hasSuffix(".npy") else {
    throw UsageError("complete: --out \(quoted(path)): the ending must be .png or .npy")
  }
  try checkConflicts(
    inputs: [InputFile("the model", modelPath), .data("the data", dataPath)], outputs: [OutputFile("--out", path)])
  try checkWritable(path)
  let model = try loadModel(modelPath, threads: arguments[Shared.threads], precision: arguments[Shared.precision])
  let images = try ObservedImages(
    dataPath, part, for: model, named: modelPath, shape: arguments[Shared.shape], scale: arguments[Shared.scale],
    command: "complete")
  try images.table.check()
  let rows = min(images.table.rows, arguments[count] ?? (isPicture ? 10 : images.table.rows))
  let completions = Completions(
    model: model, mask: images.mask, draws: arguments[draws], seed: arguments[Shared.seed],
    drawsPixels: arguments[Shared.draw])
  if isPicture {
    guard rows * (arguments[draws] + 2) <= 4 * RowWriter.mostPictures else {
      throw UsageError("complete: a .png holds at most \(4 * RowWriter.mostPictures) images; take fewer, or a .npy")
    }
    try drawLines(images, rows, completions, to: path)
  } else {
    let writer = try TableWriter(
      path: path, rows: rows, rowShape: [arguments[draws]] + images.geometry.shape)
    for row in 0..<rows { try writer.append(completions.images(images.table.floats(rows: row..<row + 1), row: row)) }
    try writer.finish()
  }
  if arguments[Shared.json] {
    let json: JSON = [
      "model": .string(modelPath), "data": .string(images.table.source), "observed": .string("\(part)"),
      "file": .string(path), "rows": .integer(rows), "draws": .integer(arguments[draws]),
      "seed": .unsigned(arguments[Shared.seed]),
    ]
    try printOut(json.line)
  } else if !arguments[Shared.quiet] {
    let what = "\(plural(arguments[draws], "completion")) of \(plural(rows, "image")) are in \(printable(path))"
    let legend = isPicture ? ": from left to right what is seen, the completions, the truth" : ""
    try printOut(what + legend)
  }
  return 0
}

/// Draws completions of images.
private struct Completions {
  let model: VAE
  let mask: PixelMask
  let draws: Int
  let seed: UInt64
  /// Draws from p(x given z) in place of its mean.
  let drawsPixels: Bool

  /// The image `values` completed in several ways: `[draws, mask.columns]`. `row` numbers its random numbers.
  func images(_ values: [Float], row: Int) throws -> [Float] {
    let seen = Condition(mask.marked(values), columns: mask.columns)
    let first = UInt64(row * draws)
    let parts: [Float]
    if drawsPixels {
      let z = try model.sampleWithLatents(count: draws, given: seen, seed: seed, firstRow: first).z
      parts = try model.likelihoodSamples(z, given: seen, seed: seed, firstRow: first)
    } else {
      parts = try model.sample(count: draws, given: seen, seed: seed, firstRow: first)
    }
    let copies = (0..<draws).flatMap { _ in values }
    return mask.completed(copies, with: parts)
  }
}

/// A line for each image: what is seen, the completions, the truth.
private func drawLines(_ images: ObservedImages, _ rows: Int, _ completions: Completions, to path: String) throws {
  let layout = try ImageLayout(
    columns: images.table.columns, shape: images.geometry, data: nil, command: "complete")
  let truths = images.table.floats(rows: 0..<rows)
  let tones = Tones(fitting: truths)
  // What is missing is grey, which neither background nor digits are.
  let grey: Float = 0.45
  var tiles: [Float] = []
  for row in 0..<rows {
    let truth = images.table.floats(rows: row..<row + 1)
    tiles += images.mask.marked(tones.applied(to: truth), with: grey)
    tiles += try tones.applied(to: completions.images(truth, row: row))
    tiles += tones.applied(to: truth)
  }
  try writePicture(
    Picture.lines(tiles, tile: layout.tile, parts: [1, completions.draws, 1], style: layout.style), to: path)
}
