// Trains a conditional model on the bundled digits and their labels, and draws every digit on demand.
import CVAE
import VAEData

let digits = try DataTable.digits(.train)
let rows = 3000
let labels = (digits.labels ?? []).prefix(rows).map { UInt32($0) }
let x = digits.floats(rows: 0..<rows).given(.labels(labels))

let model = try VAE(VAE.Configuration(input: digits.columns, condition: 10, hidden: [200], latent: 10), seed: 1)
let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 64, seed: 1))
for try await progress in trainer.training(on: x, epochs: 10) where progress.isEpochEnd {
  print("epoch \(progress.epoch): \(progress.training.loss) nats a digit")
}

// The noise does not depend on the condition: the ten digits share one hand.
let drawn = try model.sample(count: 10, given: .labels(Array(0..<10)), seed: 4)
for line in stride(from: 0, to: 28, by: 2) {
  var text = ""
  for digit in 0..<10 {
    for column in stride(from: 0, to: 28, by: 2) { text += drawn[digit * 784 + line * 28 + column] > 0.5 ? "#" : " " }
  }
  print(text)
}

// A digit costs more nats as another one than as itself.
let right = try model.evaluate(x).loss
let wrong = try model.evaluate(digits.floats(rows: 0..<rows).given(.labels(labels.map { ($0 + 1) % 10 }))).loss
print("with their labels \(right), with wrong ones \(wrong)")
precondition(wrong > right + 3)
