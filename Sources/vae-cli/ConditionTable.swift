import CVAE
import VAEData
import VAEFiles

/// The condition of some rows: a vector each, or a class each.
struct ConditionTable: Sendable {
  private enum Values: Sendable {
    case vectors(DataTable)
    case classes([UInt32], source: String)
  }

  private let values: Values

  /// Vectors that were made from the data.
  init(vectors: DataTable) { values = .vectors(vectors) }

  /// The classes of some rows.
  init(classes: [UInt32], source: String) { values = .classes(classes, source: source) }

  /// Reads what `source` says.
  ///
  /// - Parameters:
  ///   - data: whose labels are meant by `labels`; nil where a command has no data.
  ///   - kind: "auto", "labels" or "real", of a file.
  init(_ source: ConditionSource, data: DataTable?, kind: String) throws {
    switch source {
    case .classes(let classes):
      self.init(classes: classes, source: "--condition")
    case .labelsOfData:
      guard let data else { throw UsageError("--condition labels: there are no data here; name classes, as in 0,1,2") }
      guard let labels = data.labels else {
        throw Failure(
          "\(printable(data.source)): has no labels of its own, which only digits have; give --condition FILE")
      }
      try self.init(labels: labels, source: data.source)
    case .file(let path):
      let table = try DataTable.read(path, options: ReadOptions(scale: .automatic, unitInterval: false))
      let isLabels = kind == "labels" || (kind == "auto" && table.holdsLabels)
      if !isLabels {
        try table.check()
        self.init(vectors: table)
      } else if DigitsPart(rawValue: path) == nil {
        try self.init(labels: DataTable.readLabels(path), source: path)
      } else {
        try self.init(labels: table.labels ?? [], source: path)
      }
    }
  }

  private init(labels: [Int32], source: String) throws {
    if let row = labels.firstIndex(where: { $0 < 0 }) {
      throw Failure("\(printable(source)): row \(row + 1): \(labels[row]) is no class; classes are numbered from 0")
    }
    self.init(classes: labels.map { UInt32($0) }, source: source)
  }

  /// The number of rows.
  var rows: Int {
    switch values {
    case .vectors(let table): table.rows
    case .classes(let classes, _): classes.count
    }
  }

  /// The columns of vectors, or the highest class and one.
  var dimension: Int {
    switch values {
    case .vectors(let table): table.columns
    case .classes(let classes, _): Int(classes.max() ?? 0) + 1
    }
  }

  /// Whether the rows are classes, no vectors.
  var isClasses: Bool {
    if case .classes = values { true } else { false }
  }

  /// The rows at `indices`, in that order.
  func subset(_ indices: [Int]) throws -> ConditionTable {
    switch values {
    case .vectors(let table): ConditionTable(vectors: try table.subset(indices))
    case .classes(let classes, let source): ConditionTable(classes: indices.map { classes[$0] }, source: source)
    }
  }

  /// The rows of `range`.
  func piece(_ range: Range<Int>) -> Condition {
    switch values {
    case .vectors(let table): Condition(table.floats(rows: range), columns: table.columns)
    case .classes(let classes, _): .labels(Array(classes[range]))
    }
  }

  /// All rows, in place where that can be.
  var whole: Condition {
    if case .vectors(let table) = values, case .floats(let floats) = table.values {
      return Condition(floats, columns: table.columns)
    }
    return piece(0..<rows)
  }

  /// As many rows as are wanted, these taken in turn.
  func repeated(to count: Int, from start: Int = 0) throws -> ConditionTable {
    try subset((start..<start + count).map { $0 % rows })
  }

  /// Throws where the rows are no condition of `dimension` values or classes, or not as many as wanted.
  func check(dimension: Int, rows wanted: Int?, model: String) throws {
    switch values {
    case .vectors(let table):
      guard table.columns == dimension else {
        throw Failure(
          "\(printable(table.source)): a row has \(plural(table.columns, "number")); "
            + "the condition of \(model) has \(grouped(dimension))")
      }
    case .classes(let classes, let source):
      if let row = classes.firstIndex(where: { $0 >= dimension }) {
        throw Failure(
          "\(printable(source)): row \(row + 1): \(classes[row]) is no class of \(model); "
            + (dimension == 1 ? "it has 0 only" : "it has 0 to \(dimension - 1)"))
      }
    }
    if let wanted, rows != wanted, rows != 1 {
      throw Failure("the condition has \(plural(rows, "row")); \(grouped(wanted)) are needed, or one for all")
    }
  }
}

extension DataTable {
  /// Whether every row is one whole number of at least 0, as class labels are.
  fileprivate var holdsLabels: Bool {
    guard columns == 1 else { return false }
    switch values {
    case .bytes: return true
    case .floats(let floats): return floats.allSatisfy { $0 >= 0 && $0 <= 16_777_216 && $0 == $0.rounded() }
    }
  }
}
