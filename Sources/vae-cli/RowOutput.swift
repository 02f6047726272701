import CVAE
import VAEData
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where rows of numbers go: into a table file as they come, or all together into one picture.
enum RowTarget: Sendable, Equatable {
  case table(TableFormat)
  case picture

  /// What `--out` says, checked; nothing is opened.
  ///
  /// - Throws: ``UsageError`` where the ending is none of .csv, .npy and (where allowed) .png.
  init(_ path: String, command: String, allowsPictures: Bool) throws(UsageError) {
    let allowed = allowsPictures ? ".csv, .npy or .png" : ".csv or .npy"
    if path.lowercased().hasSuffix(".png") {
      guard allowsPictures else { throw UsageError("\(command): --out \(quoted(path)): the ending must be \(allowed)") }
      self = .picture
      return
    }
    guard let format = try? TableFormat(path: path), format != .idx else {
      throw UsageError("\(command): --out \(quoted(path)): the ending must be \(allowed); - is standard output, as CSV")
    }
    self = .table(format)
  }
}

/// The path of `--out`: what was given, or standard output where that is not a terminal.
func outputPath(_ arguments: Arguments, _ option: Option<String?>, command: String) throws(UsageError) -> String {
  if let path = arguments[option] {
    try checkStandardOutput(arguments, [path], command: command)
    return path
  }
  if arguments[Shared.json] {
    throw UsageError("\(command): --json needs standard output for itself; say where the rows go with --out FILE")
  }
  if isatty(STDOUT_FILENO) == 1 {
    throw UsageError(
      "\(command): standard output is a terminal; say where the rows go with --out FILE, or --out - for here")
  }
  return "-"
}

/// Writes rows as wide as the model's data where `--out` says, and tells about it.
final class RowWriter {
  /// The most pictures in one file.
  static let mostPictures = 1024

  /// How many rows will be written.
  let rows: Int
  private let path: String
  private let columns: Int
  private let arguments: Arguments
  private let table: TableWriter?
  private let layout: ImageLayout?
  private let across: Int?
  private var collected: [Float] = []
  private var originals: [Float] = []

  /// - Parameters:
  ///   - rows: how many rows there are; of pictures at most ``mostPictures`` are taken.
  ///   - data: where the rows come from: its column names and geometry go on.
  ///   - parameters: the names of what a row has for each value, one after the other; none where that is the value.
  ///   - across: pictures in a line; nil for a grid that is about square.
  init(
    path: String, target: RowTarget, rows: Int, model: VAE, arguments: Arguments, data: DataTable?, command: String,
    parameters: [String] = [], across: Int? = nil
  ) throws {
    let inputs = model.configuration.inputDimension
    let columns = inputs * max(1, parameters.count)
    self.across = across
    (self.path, self.arguments, self.columns) = (path, arguments, columns)
    let shape = arguments[Shared.shape]
    switch target {
    case .table(let format):
      self.rows = rows
      layout = nil
      let geometry = try shape.map { try ImageLayout.checked($0, columns: inputs, command: command) } ?? data?.geometry
      let image = geometry?.shape ?? [inputs]
      let sizes = format == .csv ? [columns] : (parameters.isEmpty ? [] : [parameters.count]) + image
      let names = parameters.flatMap { name in (0..<inputs).map { "\(name)_\($0)" } }
      table = try TableWriter(
        path: path, format: format, rows: rows, rowShape: sizes, columnNames: names.isEmpty ? data?.columnNames : names)
    case .picture:
      self.rows = min(rows, Self.mostPictures)
      layout = try ImageLayout(columns: inputs, shape: shape, data: data?.geometry, command: command)
      table = nil
    }
  }

  /// Adds whole rows; pictures show `originals` above them.
  func append(_ values: [Float], originals: [Float] = []) throws {
    guard let table else {
      collected += values
      self.originals += originals
      return
    }
    try table.append(values)
  }

  /// Completes the file. `facts` are what the JSON says first.
  func finish(_ facts: JSON) throws {
    try table?.finish()
    if let layout {
      let tones = Tones(fitting: originals.isEmpty ? collected : originals)
      let picture =
        originals.isEmpty
        ? try layout.grid(collected, columns: across, tones: tones)
        : try layout.pairs(originals, collected, tones: tones)
      try writePicture(picture, to: path)
    }
    if arguments[Shared.json] {
      var json = facts
      json.append("file", .string(path))
      json.append("rows", .integer(rows))
      json.append("columns", .integer(columns))
      try printOut(json.line)
    } else if path != "-", !arguments[Shared.quiet] {
      let what = layout == nil ? "\(plural(rows, "row")) of \(plural(columns, "value"))" : plural(rows, "picture")
      try printOut("\(what) \(rows == 1 ? "is" : "are") in \(printable(path))")
    }
  }
}
