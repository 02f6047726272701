import CVAE
import VAEData
import VAEFiles

/// Reads the model at `path`, to work in `precision`; the error names the file.
func loadModel(_ path: String, threads: Int?, precision: Precision = .float32) throws -> VAE {
  do throws(VAEError) {
    let model = try VAE(contentsOf: path, execution: VAE.Execution(threads: threads ?? 0))
    return precision == .float32 ? model : try model.quantized(to: precision)
  } catch {
    throw failure(error, about: path)
  }
}

/// Reads data for `model` and checks that it fits: the number of columns, finite values, those that the likelihood
/// takes.
func loadData(_ source: String, for model: VAE, named modelPath: String, scale: ValueScale) throws -> DataTable {
  let isUnit = model.configuration.likelihood.kind.isUnitInterval
  let table = try DataTable.read(source, options: ReadOptions(scale: scale, unitInterval: isUnit, digits: .test))
  let needed = model.configuration.inputDimension
  guard table.columns == needed else {
    throw Failure(
      "\(printable(table.source)): a row has \(plural(table.columns, "value")); "
        + "the model \(printable(modelPath)) takes \(grouped(needed))")
  }
  try checkValues(table, likelihood: model.configuration.likelihood.kind, hint: { _ in "" })
  return table
}

/// Throws where a value is not finite or is none that the likelihood takes; `hint` follows the message of the latter.
func checkValues(_ table: DataTable, likelihood: VAE.Likelihood.Kind, hint: (DataTable) -> String) throws {
  try table.check()
  guard let support = likelihood.support else { return }
  let name = likelihood == .bernoulli ? "Bernoulli" : "\(likelihood)"
  do throws(DataError) {
    try table.check(in: support, whole: likelihood.isWhole, for: "the \(name) likelihood")
  } catch {
    throw Failure(error.description + hint(table))
  }
}

extension VAE.Likelihood.Kind {
  /// Whether the data are wanted between 0 and 1 as they come: grey values, not indicators.
  var isUnitInterval: Bool { self == .bernoulli || self == .continuousBernoulli }

  /// Whether the data are counts.
  var takesCounts: Bool { isWhole && self != .categorical }
}

/// `error` as one line that names the file at `path`.
func failure(_ error: VAEError, about path: String) -> Failure {
  let name = printable(path)
  return Failure(error.message.contains(name) ? error.message : "\(name): \(error.message)")
}

extension DataTable {
  /// The values as libvae reads them: in place, without a copy.
  var asRows: Rows {
    switch values {
    case .floats(let floats): Rows(floats, columns: columns)
    // A float's 1/255 is not exactly a double's.
    case .bytes(let bytes, let scale):
      Rows(bytes, columns: columns, scale: scale == ValueScale.byteToUnit ? 1 / 255 : Double(scale))
    }
  }

  /// Gives the rows `range`, some hundreds at a time, so that results need not be held as a whole.
  func forEachPiece(of range: Range<Int>, _ body: ([Float]) throws -> Void) throws {
    let step = max(1, min(4096, (1 << 20) / columns))
    for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
      try body(floats(rows: start..<min(start + step, range.upperBound)))
    }
  }
}
