import CVAE

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The evidence lower bound in the numbers of programs that minimise mean((x - m)^2) + mean(KL), the first mean over the
/// D values of a row, the second over the Z latents: a Gaussian likelihood with sigma = sqrt(D/2), and beta = 1/Z.
/// docs/PRESETS.md has the algebra.
struct MeanSquaredError {
  /// D (log sigma + log(2 pi)/2), by which the loss is more than theirs, in nats.
  let constant: Double
  private let beta: Double

  /// Nil where the configuration is another.
  init?(_ configuration: VAE.Configuration, _ objective: VAE.Objective) {
    let likelihood = configuration.likelihood
    let inputs = Double(configuration.inputDimension)
    guard likelihood.kind == .gaussian, likelihood.sigmaKind == .fixed, objective.kind == .elbo,
      abs(2 * likelihood.sigma * likelihood.sigma / inputs - 1) < 1e-9,
      abs(objective.beta * Double(configuration.latentDimension) - 1) < 1e-9
    else { return nil }
    constant = inputs * (0.5 * log(inputs / 2) + 0.5 * log(2 * Double.pi))
    beta = objective.beta
  }

  /// "0.0412 = mse 0.0356 + mean kl 0.0056".
  func terms(_ loss: VAE.Loss) -> String {
    let (error, divergence) = parts(loss)
    return "\(fixed(error + divergence, 4)) = mse \(fixed(error, 4)) + mean kl \(fixed(divergence, 4))"
  }

  /// The mean squared error, and the KL as a mean over the latents.
  func parts(_ loss: VAE.Loss) -> (error: Double, divergence: Double) {
    (loss.reconstruction - constant, beta * loss.kl)
  }

  /// `configuration` with the sigma of its own D where it is a preset's for another.
  static func configuration(_ configuration: VAE.Configuration, preset arguments: Arguments) -> VAE.Configuration {
    guard let preset = arguments[TrainOptions.preset], isOne(preset), !arguments.has(TrainOptions.sigma),
      configuration.likelihood.kind == .gaussian
    else { return configuration }
    var result = configuration
    result.likelihood = .gaussian(
      sigma: (Double(configuration.inputDimension) / 2).squareRoot(),
      outputActivation: configuration.likelihood.outputActivation)
    return result
  }

  /// `objective` with the beta of its own Z where it is a preset's for another.
  static func objective(
    _ objective: VAE.Objective, for configuration: VAE.Configuration, preset arguments: Arguments
  ) -> VAE.Objective {
    guard let preset = arguments[TrainOptions.preset], isOne(preset), !arguments.has(Shared.beta),
      objective.kind == .elbo, objective.beta == preset.training.objective.beta
    else { return objective }
    return .elbo(samples: objective.samples, beta: 1 / Double(configuration.latentDimension))
      .withFreeBits(objective.freeBits).regularized(by: objective.regularizer)
  }

  private static func isOne(_ preset: VAE.Preset) -> Bool {
    MeanSquaredError(preset.configuration, preset.training.objective) != nil
  }
}
