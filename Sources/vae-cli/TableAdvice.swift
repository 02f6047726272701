import CVAE
import VAEData
import VAEFiles

/// How many rows the advice looks at: enough to know a column, few enough to cost nothing.
private let rowsLookedAt = 10_000

/// What to do with values that a likelihood refuses.
func supportAdvice(_ likelihood: VAE.Likelihood.Kind) -> (DataTable) -> String {
  if likelihood.isUnitInterval { return unitIntervalAdvice }
  if likelihood.takesCounts { return countBytesAdvice }
  return { _ in "" }
}

/// Of values outside of [0, 1]: bytes in disguise want a scale, other numbers another likelihood.
private func unitIntervalAdvice(_ table: DataTable) -> String {
  let values = table.floats(rows: 0..<min(table.rows, rowsLookedAt))
  let looksLikeBytes = values.allSatisfy { $0 >= 0 && $0 <= 255 && $0 == $0.rounded() }
  return looksLikeBytes
    ? "; these look like bytes: take --scale 1/255 (or --likelihood gaussian)"
    : "; take --likelihood gaussian instead"
}

/// Of counts that a scale has made fractions.
private func countBytesAdvice(_ table: DataTable) -> String {
  guard case .bytes = table.values else { return "" }
  return "; bytes of images are divided by 255 unless --scale 1 says otherwise"
}

/// A note on counts that an encoder without bounds reads as they are: its log variances then begin far from 0, and the
/// KL, which has their exponential, can be millions of nats for hundreds of epochs.
func countsAdvice(_ table: DataTable, _ encoder: [VAE.Layer]) -> String? {
  guard encoder.isEmpty || encoder.contains(where: { $0.activation != .tanh && $0.activation != .sigmoid }) else {
    return nil
  }
  let highest = table.floats(rows: 0..<min(table.rows, rowsLookedAt)).max() ?? 0
  guard highest > 20 else { return nil }
  return "Note: counts go up to \(shortNumber(Double(highest))), and the encoder reads them as they are. If the KL "
    + "begins very high, take --activation tanh."
}

/// A note on the column that is farthest from mean 0 and deviation 1, where one is far; for a likelihood whose sigma is
/// one for all columns.
func standardisingAdvice(_ table: DataTable) -> String? {
  let rows = min(table.rows, rowsLookedAt)
  let values = table.floats(rows: 0..<rows)
  var worst: (column: Int, mean: Double, deviation: Double, distance: Double)?
  for column in 0..<table.columns {
    var sum = 0.0
    var squares = 0.0
    for row in 0..<rows {
      let value = Double(values[row * table.columns + column])
      sum += value
      squares += value * value
    }
    let mean = sum / Double(rows)
    let deviation = max(0, squares / Double(rows) - mean * mean).squareRoot()
    let distance = max(abs(mean), deviation)
    if distance > 10, distance > worst?.distance ?? 0 { worst = (column, mean, deviation, distance) }
  }
  guard let worst else { return nil }
  let name = table.columnNames.map { printable($0[worst.column]) } ?? "\(worst.column + 1)"
  return
    "Note: column \(name) has mean \(shortNumber(worst.mean)) and deviation \(shortNumber(worst.deviation)). This "
    + "likelihood has one sigma for all columns: standardise them first (mean 0, deviation 1)."
}

/// Three figures or so, for a note; of very large numbers the power of ten.
private func shortNumber(_ value: Double) -> String {
  if abs(value) >= 1e9 { return powerOfTen(value) }
  return abs(value) >= 100 ? grouped(Int(value.rounded())) : "\((value * 100).rounded() / 100)"
}

/// "1e+20"; the leading digit is rounded.
private func powerOfTen(_ value: Double) -> String {
  var digit = value
  var exponent = 0
  while abs(digit) >= 9.5, exponent < 400 {
    digit /= 10
    exponent += 1
  }
  return "\(Int(digit.rounded()))e+\(exponent)"
}
