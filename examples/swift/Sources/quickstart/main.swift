import CVAE

// A table of 2,000 rows and 8 columns in which two hidden numbers a and b decide all the columns.
var table: [Float] = []
for _ in 0..<2000 {
  let a = Float.random(in: -1...1)
  let b = Float.random(in: -1...1)
  for column in 0..<8 { table.append(a * Float(column) / 8 + b * Float(7 - column) / 8) }
}

let model = try VAE(
  VAE.Configuration(input: 8, hidden: [32], latent: 2, activation: .tanh, likelihood: .gaussian(sigma: 0.1)))
let trainer = try Trainer(model, configuration: TrainingConfiguration(batchSize: 32))
for try await progress in trainer.training(on: table, epochs: 20, validation: nil) where progress.isEpochEnd {
  print("epoch \(progress.epoch): loss \(progress.training.loss)")
}

let codes = try model.encode(table)  // codes.mean: 2,000 x 2
var odd = Array(table[0..<8])
odd[3] += 3  // breaks the rule that the other rows follow
let scores = try model.scores(table[0..<8] + odd)
print("the first row's code: \(codes.mean[0..<2])")
print("anomaly scores, a usual row and an odd one: \(scores.loss)")
try model.save(to: "table.safetensors")
