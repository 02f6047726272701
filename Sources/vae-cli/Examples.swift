import CVAE
import VAEData
import VAEFiles

/// Rows of data and, for a conditional model, what it is told beside each.
struct Examples: Sendable {
  let table: DataTable
  let condition: ConditionTable?

  /// The rows as libvae reads them: in place, without a copy.
  var asRows: Rows { table.asRows.given(condition?.whole) }

  /// The rows at `indices`.
  func subset(_ indices: [Int]) throws -> Examples {
    let isShared = condition?.rows == 1 && table.rows > 1
    return Examples(table: try table.subset(indices), condition: isShared ? condition : try condition?.subset(indices))
  }

  /// A part of the rows drawn by `seed`, and the rest; the memory of `table` goes to the rest.
  static func split(
    _ table: consuming DataTable, _ condition: ConditionTable?, validation fraction: Double, seed: UInt64
  ) throws -> (train: Examples, validation: Examples) {
    let rows = table.rows
    let parts = try table.split(validation: fraction, seed: seed)
    guard let condition, condition.rows > 1 else {
      return (
        Examples(table: parts.train, condition: condition), Examples(table: parts.validation, condition: condition)
      )
    }
    let drawn = DataTable.drawnRows(validation: fraction, of: rows, seed: seed)
    let isDrawn = Set(drawn)
    return (
      Examples(table: parts.train, condition: try condition.subset((0..<rows).filter { !isDrawn.contains($0) })),
      Examples(table: parts.validation, condition: try condition.subset(drawn))
    )
  }

  /// Gives the rows `range`, some hundreds at a time, so that results need not be held as a whole: to libvae with their
  /// condition, and as numbers.
  func forEachPiece(of range: Range<Int>, _ body: (Rows, [Float]) throws -> Void) throws {
    let step = max(1, min(4096, (1 << 20) / table.columns))
    for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
      let piece = start..<min(start + step, range.upperBound)
      let values = table.floats(rows: piece)
      let told = condition.map { $0.rows == 1 ? $0.whole : $0.piece(piece) }
      try body(Rows(values, columns: table.columns).given(told), values)
    }
  }
}

extension Examples {
  /// Reads data and condition for `model` as `--condition` and `--observed` say, and checks that both fit.
  init(_ source: String, for model: VAE, named modelPath: String, _ arguments: Arguments, command: String) throws {
    let dimension = model.configuration.conditionDimension
    let name = "the model \(printable(modelPath))"
    let given = arguments[ConditionOptions.beside]
    if let part = arguments[ConditionOptions.observed] {
      if given != nil {
        throw UsageError("\(command): --observed makes the condition; --condition does not go with it")
      }
      let whole = try ObservedImages(
        source, part, for: model, named: modelPath, shape: nil, scale: arguments[Shared.scale], command: command)
      self = try whole.examples
      try checkValues(table, likelihood: model.configuration.likelihood.kind, hint: { _ in "" })
      return
    }
    guard dimension > 0 else {
      if let given { throw Failure("\(name) has no condition; --condition \(quoted(given.word)) does not go with it") }
      table = try loadData(source, for: model, named: modelPath, scale: arguments[Shared.scale])
      condition = nil
      return
    }
    guard let given else {
      throw UsageError(
        "\(command): \(name) has a condition of \(plural(dimension, "value")); give --condition "
          + "(or --observed for one that completes images)")
    }
    table = try loadData(source, for: model, named: modelPath, scale: arguments[Shared.scale])
    let kind = dimension == 1 ? "real" : "auto"
    let read = try ConditionTable(given, data: table, kind: kind)
    try read.check(dimension: dimension, rows: table.rows, model: name)
    condition = read
  }
}

/// Reads `--condition` for `model` without data beside it; nil for a model that has none.
///
/// - Parameter rows: how many rows there must be, or one for all; nil for any number.
func modelCondition(
  _ given: ConditionSource?, of model: VAE, named modelPath: String, rows: Int?, command: String
) throws -> ConditionTable? {
  let dimension = model.configuration.conditionDimension
  let name = "the model \(printable(modelPath))"
  guard dimension > 0 else {
    if let given { throw Failure("\(name) has no condition; --condition \(quoted(given.word)) does not go with it") }
    return nil
  }
  guard let given else {
    throw UsageError("\(command): \(name) has a condition of \(plural(dimension, "value")); give --condition")
  }
  let condition = try ConditionTable(given, data: nil, kind: dimension == 1 ? "real" : "auto")
  try condition.check(dimension: dimension, rows: rows, model: name)
  return condition
}

extension ConditionSource {
  /// As it is written on a command line.
  var word: String {
    switch self {
    case .labelsOfData: "labels"
    case .classes(let classes): classes.map(String.init).joined(separator: ",")
    case .file(let path): path
    }
  }
}

/// Whole images of which a part is seen.
struct ObservedImages {
  let table: DataTable
  let geometry: ImageGeometry
  let mask: PixelMask

  /// The images of `table`, as `--shape`, the data or a square say.
  init(_ table: DataTable, _ part: ObservedPart, shape: ImageGeometry?, command: String) throws {
    self.table = table
    let layout = try ImageLayout(columns: table.columns, shape: shape, data: table.geometry, command: command).tile
    geometry = ImageGeometry(
      height: layout.height, width: layout.width, channels: layout.channels, channelsFirst: layout.channelsFirst)
    mask = try PixelMask(part, geometry: geometry)
  }

  /// Reads images and checks that `model` completes such ones.
  init(
    _ source: String, _ part: ObservedPart, for model: VAE, named modelPath: String, shape: ImageGeometry?,
    scale: ValueScale, command: String
  ) throws {
    let configuration = model.configuration
    let isUnit = configuration.likelihood.kind.isUnitInterval
    let table = try DataTable.read(source, options: ReadOptions(scale: scale, unitInterval: isUnit, digits: .test))
    try self.init(table, part, shape: shape, command: command)
    guard configuration.conditionDimension > 0 else {
      throw Failure(
        "\(printable(modelPath)) has no condition, so it completes nothing; vae-cli train --observed \(part) makes a "
          + "model that does")
    }
    guard configuration.conditionDimension == table.columns, configuration.inputDimension == mask.missing.count else {
      throw Failure(
        "\(printable(modelPath)) takes \(grouped(configuration.inputDimension)) values and a condition of "
          + "\(grouped(configuration.conditionDimension)); with --observed \(part) an image of "
          + "\(printable(table.source)) has \(grouped(mask.missing.count)) and \(grouped(table.columns))")
    }
  }

  /// What is missing, given the images with that marked.
  var examples: Examples {
    get throws {
      let seen = mask.marked(table.floats(rows: 0..<table.rows))
      let vectors = try DataTable(
        values: .floats(seen), rows: table.rows, columns: table.columns, source: table.source)
      return Examples(table: try mask.missingPart(of: table), condition: ConditionTable(vectors: vectors))
    }
  }
}
