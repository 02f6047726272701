import CVAE
import VAEData
import VAEFiles
import VAEPictures

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The three pictures of `train --pictures DIR`.
struct TrainingPictures {
  private let folder: String
  private let layout: ImageLayout
  private static let names = ["samples.png", "reconstructions.png", "latent-grid.png"]

  /// Makes the folder and checks that it may be written, and that rows are pictures at all.
  init(folder: String, setup: TrainingSetup, shape: ImageGeometry?) throws {
    self.folder = folder
    layout = try ImageLayout(columns: setup.data.columns, shape: shape, data: setup.data.geometry, command: "train")
    if mkdir(folder, 0o777) != 0 {
      let reason = errno
      var info = stat()
      guard reason == EEXIST, stat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
        let why = reason == EEXIST ? "is there already, and is no folder" : String(cString: strerror(reason))
        throw Failure("--pictures \(printable(folder)): the folder cannot be made: \(why)")
      }
    }
    for name in Self.names { try checkWritable(path(name)) }
  }

  /// Writes the pictures; returns their paths.
  func write(_ setup: TrainingSetup) throws -> [String] {
    let model = setup.model
    let shown = setup.heldOut ?? setup.examples
    // Rows all over the data: neighbours in a file are often alike.
    let count = min(shown.table.rows, 40)
    let originals = try shown.subset((0..<count).map { $0 * shown.table.rows / count })
    let pixels = originals.table.floats(rows: 0..<count)
    let tones = Tones(fitting: pixels)

    let samples = try model.sample(
      count: 100, given: conditionOfSamples(originals, model)?.whole, seed: setup.trainer.configuration.seed)
    try writePicture(layout.grid(samples, columns: 10, tones: tones), to: path(Self.names[0]))
    let reconstructions = try model.reconstruct(originals.asRows)
    try writePicture(layout.pairs(pixels, reconstructions, columns: 10, tones: tones), to: path(Self.names[1]))
    let codes = try LatentGrid.codes(
      means: model.encode(originals.asRows).mean, latents: model.configuration.latentDimension,
      labels: originals.table.labels)
    let grid = try model.decode(codes, given: originals.condition?.subset([0]).whole)
    try writePicture(
      layout.grid(grid, columns: LatentGrid.side, tones: tones), to: path(Self.names[2]))
    return Self.paths(in: folder)
  }

  /// The classes in turn, or the conditions of what is shown; nil without a condition.
  private func conditionOfSamples(_ shown: Examples, _ model: VAE) throws -> ConditionTable? {
    guard let condition = shown.condition else { return nil }
    guard condition.isClasses else { return try condition.repeated(to: 100) }
    let classes = (0..<UInt32(model.configuration.conditionDimension)).map { $0 }
    return try ConditionTable(classes: classes, source: "classes").repeated(to: 100)
  }

  /// Where the pictures go.
  static func paths(in folder: String) -> [String] { names.map { path($0, in: folder) } }

  private func path(_ name: String) -> String { Self.path(name, in: folder) }

  private static func path(_ name: String, in folder: String) -> String {
    folder + (folder.hasSuffix("/") ? "" : "/") + name
  }
}

/// The codes behind the tiles of latent-grid.png.
enum LatentGrid {
  /// Tiles a side.
  static let side = 15

  /// `[side * side, latents]`, from left to right and from top to bottom.
  ///
  /// One latent dimension: the quantiles of the prior along the rows, one after the other. Two: the quantiles of the
  /// prior in both directions. More: the codes between four of `means` at the corners, of four different `labels`
  /// where they are known.
  static func codes(means: [Float], latents: Int, labels: [Int32]?) -> [Float] {
    switch latents {
    case 1:
      return (0..<side * side).map { Float(normalQuantile((Double($0) + 0.5) / Double(side * side))) }
    case 2:
      let quantiles = (0..<side).map { Float(normalQuantile((Double($0) + 0.5) / Double(side))) }
      return (0..<side).flatMap { row in quantiles.flatMap { [$0, quantiles[side - 1 - row]] } }
    default:
      let corners = cornerRows(means, latents, labels).map { Array(means[$0 * latents..<($0 + 1) * latents]) }
      return (0..<side).flatMap { row -> [Float] in
        let down = Double(row) / Double(side - 1)
        let left = between(corners[0], corners[2], down)
        let right = between(corners[1], corners[3], down)
        return (0..<side).flatMap { between(left, right, Double($0) / Double(side - 1)) }
      }
    }
  }

  /// Four rows that are far from each other: each is the one farthest from those before it, of another label where
  /// that is known.
  private static func cornerRows(_ means: [Float], _ latents: Int, _ labels: [Int32]?) -> [Int] {
    let count = means.count / latents
    let distance = { (a: Int, b: Int) -> Float in
      (0..<latents).reduce(0) { sum, latent in
        let difference = means[a * latents + latent] - means[b * latents + latent]
        return sum + difference * difference
      }
    }
    var rows = [0]
    while rows.count < 4 {
      let isNew = { (row: Int) in labels.map { labels in !rows.contains { labels[$0] == labels[row] } } ?? true }
      let others = (0..<count).filter(isNew)
      let nearest = { (row: Int) in rows.map { distance(row, $0) }.min() ?? 0 }
      let next = (others.isEmpty ? Array(0..<count) : others).max { nearest($0) < nearest($1) }
      rows.append(next ?? 0)
    }
    return rows
  }

  /// The point at `part` of the way from `a` to `b` on the great circle, its length between theirs: in many
  /// dimensions the straight line would pass through codes that the prior hardly ever gives.
  static func between(_ a: [Float], _ b: [Float], _ part: Double) -> [Float] {
    let (lengthA, lengthB) = (length(a), length(b))
    let product = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let cosine = product / (lengthA * lengthB)
    var (weightA, weightB) = (1 - part, part)
    if cosine.isFinite, abs(cosine) < 0.9995 {
      let angle = acos(cosine)
      let wanted = lengthA * (1 - part) + lengthB * part
      weightA = sin((1 - part) * angle) / sin(angle) * wanted / lengthA
      weightB = sin(part * angle) / sin(angle) * wanted / lengthB
    }
    return zip(a, b).map { Float(Double($0) * weightA + Double($1) * weightB) }
  }

  private static func length(_ a: [Float]) -> Double {
    a.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The x below which a standard normal variable falls with `probability`, by bisection of its distribution function.
  static func normalQuantile(_ probability: Double) -> Double {
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if 0.5 * erfc(-middle / 2.0.squareRoot()) < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
