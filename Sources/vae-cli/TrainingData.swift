import CVAE
import VAEData
import VAEFiles

/// The data of `vae-cli train`: what is trained on, what is held out, and the condition of both.
struct TrainingData {
  private let arguments: Arguments
  private let likelihood: VAE.Likelihood.Kind
  private let seed: UInt64
  /// What follows the message about a value that the likelihood does not take.
  private let hint: (DataTable) -> String

  init(_ arguments: Arguments, likelihood: VAE.Likelihood.Kind, seed: UInt64, hint: @escaping (DataTable) -> String) {
    (self.arguments, self.likelihood, self.seed, self.hint) = (arguments, likelihood, seed, hint)
  }

  /// Reads all of it.
  ///
  /// - Parameter dimension: of the condition of a model that is there already; nil for a new one.
  func read(dimension: Int?) throws -> (examples: Examples, heldOut: Examples?) {
    let source = arguments.operands[0]
    let table = try rows(source, digits: .train)
    let kind = arguments[ConditionOptions.kind]
    let condition = try arguments[ConditionOptions.condition].map {
      try ConditionTable($0, data: table, kind: kind == "auto" && dimension == 1 ? "real" : kind)
    }
    if let condition, condition.rows != table.rows, condition.rows != 1 {
      throw Failure(
        "the condition has \(plural(condition.rows, "row")); \(printable(table.source)) has \(grouped(table.rows))")
    }
    try checkDimension(condition, dimension)
    switch arguments[TrainOptions.validation] ?? (source == "digits" ? .data("digits:test") : .fraction(0.1)) {
    case .fraction(0): return (try observed(table, condition), nil)
    case .fraction(let fraction):
      // A handful of rows cannot spare one, unless it was asked for.
      if !arguments.has(TrainOptions.validation), table.rows < 10 { return (try observed(table, condition), nil) }
      let parts = try Examples.split(table, condition, validation: fraction, seed: seed)
      return (
        try observed(parts.train.table, parts.train.condition),
        try observed(parts.validation.table, parts.validation.condition)
      )
    case .data(let other):
      let heldOut = try rows(other, digits: .test)
      guard heldOut.columns == table.columns else {
        throw Failure(
          "--validation \(printable(heldOut.source)): a row has \(plural(heldOut.columns, "value")); one of "
            + "\(printable(table.source)) has \(grouped(table.columns))")
      }
      try checkObserved(table, heldOut)
      return (try observed(table, condition), try observed(heldOut, try heldOutCondition(condition, beside: heldOut)))
    }
  }

  private func rows(_ source: String, digits: DigitsPart) throws -> DataTable {
    let options = ReadOptions(scale: arguments[Shared.scale], unitInterval: likelihood.isUnitInterval, digits: digits)
    let table = try DataTable.read(source, options: options)
    try checkValues(table, likelihood: likelihood, hint: hint)
    return table
  }

  /// The rows as they are, or what is missing of them, given the rest.
  private func observed(_ table: DataTable, _ condition: ConditionTable?) throws -> Examples {
    guard let part = arguments[ConditionOptions.observed] else { return Examples(table: table, condition: condition) }
    return try ObservedImages(table, part, shape: arguments[Shared.shape], command: "train").examples
  }

  /// Throws where the same part of what is held out would be other pixels.
  private func checkObserved(_ table: DataTable, _ heldOut: DataTable) throws {
    guard let part = arguments[ConditionOptions.observed] else { return }
    let shape = arguments[Shared.shape]
    let trained = try ObservedImages(table, part, shape: shape, command: "train")
    let other = try ObservedImages(heldOut, part, shape: shape, command: "train")
    guard trained.mask.missing != other.mask.missing else { return }
    throw Failure(
      "--validation \(printable(heldOut.source)): its images are \(other.geometry.height) x \(other.geometry.width); "
        + "those of \(printable(table.source)) are \(trained.geometry.height) x \(trained.geometry.width), "
        + "and --observed \(part) is another part of them")
  }

  private func heldOutCondition(_ trained: ConditionTable?, beside heldOut: DataTable) throws -> ConditionTable? {
    guard let trained else { return nil }
    let isLabels = arguments[ConditionOptions.condition] == .labelsOfData
    guard let source = arguments[ConditionOptions.validation] ?? (isLabels ? .labelsOfData : nil) else {
      if trained.rows == 1 { return trained }
      throw UsageError("train: data of its own for --validation needs --validation-condition beside --condition")
    }
    // Whole numbers in one column may be either, but they are what was trained on.
    let condition = try ConditionTable(source, data: heldOut, kind: trained.isClasses ? "labels" : "real")
    guard condition.isClasses == trained.isClasses else {
      throw UsageError("train: --validation-condition has classes; the condition of this run has numbers")
    }
    let dimension = max(trained.dimension, arguments[ConditionOptions.classes] ?? 0)
    try condition.check(dimension: dimension, rows: heldOut.rows, model: "this run")
    return condition
  }

  /// Of a run that goes on.
  private func checkDimension(_ condition: ConditionTable?, _ dimension: Int?) throws {
    guard let dimension else { return }
    let isGiven = condition != nil || arguments[ConditionOptions.observed] != nil
    if dimension > 0, !isGiven {
      throw UsageError("train: the checkpoint's model has a condition; give it again with --condition or --observed")
    }
    if dimension == 0, isGiven { throw UsageError("train: the checkpoint's model has no condition") }
    try condition?.check(dimension: dimension, rows: nil, model: "the checkpoint's model")
  }
}

extension Examples {
  /// C of a model for these examples; 0 without a condition.
  ///
  /// - Parameter classes: of labels, where that is told; nil for the highest label and one.
  func conditionDimension(classes: Int?) throws(UsageError) -> Int {
    guard let condition else {
      if classes != nil { throw UsageError("train: --classes needs labels as --condition") }
      return 0
    }
    guard let classes else { return condition.dimension }
    guard condition.isClasses else { throw UsageError("train: --classes needs labels; the condition has numbers") }
    guard classes >= condition.dimension else {
      throw UsageError("train: --classes \(classes): the highest label is \(condition.dimension - 1)")
    }
    return classes
  }
}
