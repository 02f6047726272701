// Encodes the bundled digits from many tasks at once with one model, each task on one thread.
import CVAE
import VAEData

let digits = try DataTable.digits(.train)
let model = try VAE(
  VAE.Configuration(input: digits.columns, hidden: [200], latent: 10), execution: VAE.Execution(threads: 1))
try await Trainer(model).fit(digits.floats(rows: 0..<2000), epochs: 1)

let rowsPerTask = 500
let parts = try await withThrowingTaskGroup(of: (first: Int, codes: [Float]).self) { group in
  for first in stride(from: 0, to: digits.rows, by: rowsPerTask) {
    let rows = digits.floats(rows: first..<min(first + rowsPerTask, digits.rows))
    group.addTask { (first, try model.encode(rows).mean) }
  }
  var parts: [(first: Int, codes: [Float])] = []
  for try await part in group { parts.append(part) }
  return parts
}
let codes = parts.sorted { $0.first < $1.first }.flatMap(\.codes)
let atOnce = try model.encode(digits.floats(rows: 0..<digits.rows)).mean
print("\(codes.count / 10) codes from \(parts.count) tasks; the same as at once: \(codes == atOnce)")
precondition(codes == atOnce)
