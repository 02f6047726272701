extension VAE: CustomStringConvertible {
  /// One line of the layers' sizes, the likelihood, the condition and the prior where they are not the plain ones, and the number
  /// of parameters' values, such as `"VAE 784-400-20-400-784, bernoulli, 652,824 values"`.
  public var description: String {
    let (encoder, decoder) = (configuration.encoder.map(\.units), configuration.decoder.map(\.units))
    let ends = [configuration.inputDimension]
    let sizes = ends + encoder + [configuration.latentDimension] + decoder + ends
    var parts = [sizes.map(String.init).joined(separator: "-"), "\(configuration.likelihood.kind)"]
    if configuration.conditionDimension > 0 { parts.append("condition \(configuration.conditionDimension)") }
    if configuration.prior != .standard { parts.append("prior \(configuration.prior)") }
    return "VAE \(parts.joined(separator: ", ")), \(grouped(valueCount)) values"
  }
}

extension Trainer: CustomStringConvertible {
  /// One line of the model and how it is trained. It does not wait for training.
  public var description: String {
    let configuration = configuration
    return "Trainer of \(model), batches of \(configuration.batchSize), learning rate \(configuration.learningRate)"
  }
}

/// A number that is not negative, with a comma before every three digits.
private func grouped(_ number: Int) -> String {
  var result = ""
  let digits = String(number)
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
    result.append(digit)
  }
  return result
}
