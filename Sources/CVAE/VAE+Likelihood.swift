internal import CLibVAE

extension VAE {
  /// The distribution of the data given the latent, p(x|z). The set is open: later versions may add likelihoods.
  public struct Likelihood: Sendable, Hashable {
    /// Which distribution it is.
    public let kind: Kind

    /// The standard deviation of a Gaussian, in units of the data; 1 for other kinds.
    public let sigma: Double

    /// What the decoder's output passes through on its way to a Gaussian's mean; the identity for other kinds.
    public let outputActivation: Activation

    /// Independent Bernoulli variables on logits, for data in [0, 1].
    public static let bernoulli = Likelihood(kind: .bernoulli, sigma: 1, outputActivation: .identity)

    /// A Gaussian with mean `outputActivation`(output) and a fixed standard deviation.
    ///
    /// - Parameters:
    ///   - sigma: the standard deviation, in units of the data, 1e-4 to 1e4.
    ///   - outputActivation: bounds the mean, for instance `.sigmoid` for data in [0, 1].
    public static func gaussian(sigma: Double = 1, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .gaussian, sigma: sigma, outputActivation: outputActivation)
    }
  }
}

extension VAE.Likelihood {
  /// The name of a distribution, without its parameters.
  public struct Kind: Sendable, Hashable {
    let number: Int32

    /// ``VAE/Likelihood/bernoulli``
    public static let bernoulli = Kind(number: Int32(VAE_LIKELIHOOD_BERNOULLI))
    /// ``VAE/Likelihood/gaussian(sigma:outputActivation:)``
    public static let gaussian = Kind(number: Int32(VAE_LIKELIHOOD_GAUSSIAN))
  }
}

extension VAE.Likelihood.Kind: CaseIterable, LosslessStringConvertible {
  /// Every likelihood of the linked library.
  public static var allCases: [VAE.Likelihood.Kind] {
    cNumbers(vae_likelihood_name).map { VAE.Likelihood.Kind(number: $0) }
  }

  /// The name in model files and on the command line: `"bernoulli"`, `"gaussian"`.
  public var description: String { cName(number, vae_likelihood_name) }

  /// The likelihood of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_likelihood_name) else { return nil }
    self.init(number: number)
  }
}

extension VAE {
  /// The distribution of the latent before any data are seen, p(z). The set is open.
  public struct Prior: Sendable, Hashable {
    let number: Int32

    /// The standard normal distribution.
    public static let standard = Prior(number: Int32(VAE_PRIOR_STANDARD))
  }
}

extension VAE.Prior: CaseIterable, LosslessStringConvertible {
  /// Every prior of the linked library.
  public static var allCases: [VAE.Prior] { cNumbers(vae_prior_name).map { VAE.Prior(number: $0) } }

  /// The name in model files: `"standard"`.
  public var description: String { cName(number, vae_prior_name) }

  /// The prior of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_prior_name) else { return nil }
    self.init(number: number)
  }
}
