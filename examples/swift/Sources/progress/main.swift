// Trains on the bundled digits, shows progress, keeps the best model and stops when held-out digits gain nothing.
import CVAE
import VAEData

let training = try DataTable.digits(.train)
let heldOut = try DataTable.digits(.test)
let x = training.floats(rows: 0..<3000)
let validation = heldOut.floats(rows: 0..<500)

/// Trains until three epochs in a row gain less than a nat; gives the best loss of the held-out digits.
func train(_ trainer: Trainer, epochs: Int) async throws -> Double {
  var best = Double.infinity
  var without = 0
  for try await progress in trainer.training(on: x, epochs: epochs, validation: validation) {
    guard progress.isEpochEnd, let loss = progress.validation?.loss else {
      print("  batch \(progress.batch) of \(progress.batches): \(progress.training.loss)")
      continue
    }
    print("epoch \(progress.epoch): held-out digits \(loss), \(Int(progress.examplesPerSecond)) digits a second")
    without = loss < best - 1 ? 0 : without + 1
    if loss < best { try trainer.model.save(to: "best.safetensors") }
    best = min(best, loss)
    if without == 3 { break }
  }
  return best
}

let model = try VAE(VAE.Configuration(input: training.columns, hidden: [200], latent: 10))
let best = try await train(Trainer(model), epochs: 5)
let kept = try VAE(contentsOf: "best.safetensors")
print("best: \(best); the kept model's: \(try kept.evaluate(validation).loss)")
