internal import CLibVAE

extension VAE {
  /// The distribution of the data given the latent, p(x|z). The set is open: later versions may add likelihoods.
  public struct Likelihood: Sendable, Hashable {
    /// Which distribution it is.
    public let kind: Kind

    /// How the scale of a located likelihood is found; fixed for other kinds.
    public let sigmaKind: SigmaKind

    /// The scale of a located likelihood, in units of the data; 1 for other kinds, and where it is learned.
    public let sigma: Double

    /// What the decoder's output passes through on its way to a location; the identity for kinds without one.
    public let outputActivation: Activation

    /// The columns of each of a categorical likelihood's variables, one after the other; empty for other kinds.
    public let groups: [Int]

    init(
      kind: Kind, sigmaKind: SigmaKind = .fixed, sigma: Double = 1, outputActivation: Activation = .identity,
      groups: [Int] = []
    ) {
      self.kind = kind
      self.sigmaKind = sigmaKind
      self.sigma = sigma
      self.outputActivation = outputActivation
      self.groups = groups
    }

    /// Independent Bernoulli variables on logits, for data in [0, 1].
    public static let bernoulli = Likelihood(kind: .bernoulli)

    /// A density on [0, 1] (Loaiza-Ganem & Cunningham 2019). What decoding gives is its parameter, not its mean.
    public static let continuousBernoulli = Likelihood(kind: .continuousBernoulli)

    /// Poisson counts with rate softplus(output), for whole numbers from 0 to 2^22.
    public static let poisson = Likelihood(kind: .poisson)

    /// Counts, whole numbers from 0 to 2^22, that vary more than Poisson's: mean softplus(output), variance
    /// mean + mean^2 / dispersion. The dispersion of each column is learned: exp of the tensor `decoder.log_dispersion`.
    public static let negativeBinomial = Likelihood(kind: .negativeBinomial)

    /// Student's t around `outputActivation`(output), for numbers with outliers. Scale and degrees of freedom of each column
    /// are learned: exp of the tensors `decoder.log_scale` and `decoder.log_df`.
    public static func studentT(outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .studentT, outputActivation: outputActivation)
    }

    /// Categorical variables, each a group of columns with a single 1 in it.
    ///
    /// - Parameter groups: the columns of each variable, at least 2; their sum is the width of a row.
    public static func categorical(groups: [Int]) -> Likelihood { Likelihood(kind: .categorical, groups: groups) }

    /// A Gaussian with mean `outputActivation`(output) and a fixed standard deviation.
    ///
    /// - Parameters:
    ///   - sigma: the standard deviation, in units of the data, 1e-4 to 1e4.
    ///   - outputActivation: bounds the mean, for instance `.sigmoid` for data in [0, 1].
    public static func gaussian(sigma: Double = 1, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .gaussian, sigma: sigma, outputActivation: outputActivation)
    }

    /// A Gaussian whose standard deviation is learned.
    public static func gaussian(learned: SigmaKind, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .gaussian, sigmaKind: learned, outputActivation: outputActivation)
    }

    /// A Laplace distribution around `outputActivation`(output); `sigma` is the mean of its distances.
    public static func laplace(sigma: Double = 1, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .laplace, sigma: sigma, outputActivation: outputActivation)
    }

    /// A Laplace distribution whose scale is learned.
    public static func laplace(learned: SigmaKind, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .laplace, sigmaKind: learned, outputActivation: outputActivation)
    }

    /// -log p = log cosh((x - location) / sigma) + log(pi sigma): quadratic near the location, linear far from it.
    public static func logCosh(sigma: Double = 1, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .logCosh, sigma: sigma, outputActivation: outputActivation)
    }

    /// The log-cosh density whose scale is learned.
    public static func logCosh(learned: SigmaKind, outputActivation: Activation = .identity) -> Likelihood {
      Likelihood(kind: .logCosh, sigmaKind: learned, outputActivation: outputActivation)
    }

    /// The likelihood of a kind that has a location (``Kind/isLocated``).
    ///
    /// - Returns: nil for other kinds.
    public static func located(
      _ kind: Kind, sigma: Double = 1, learned: SigmaKind = .fixed, outputActivation: Activation = .identity
    ) -> Likelihood? {
      guard kind.isLocated else { return nil }
      return Likelihood(kind: kind, sigmaKind: learned, sigma: sigma, outputActivation: outputActivation)
    }
  }
}

extension VAE.Likelihood {
  /// How the scale of a located likelihood is found. The set is open.
  public struct SigmaKind: Sendable, Hashable {
    let number: Int32

    /// A number given by the configuration.
    public static let fixed = SigmaKind(number: Int32(VAE_SIGMA_FIXED))
    /// Learned, one for all columns: exp of the tensor `decoder.log_sigma`.
    public static let global = SigmaKind(number: Int32(VAE_SIGMA_GLOBAL))
    /// Learned, for each row and column, by a second head of the decoder.
    public static let perOutput = SigmaKind(number: Int32(VAE_SIGMA_PER_OUTPUT))
  }
}

extension VAE.Likelihood.SigmaKind: CaseIterable, LosslessStringConvertible {
  /// Every kind of the linked library.
  public static var allCases: [VAE.Likelihood.SigmaKind] {
    cNumbers(vae_sigma_kind_name).map { VAE.Likelihood.SigmaKind(number: $0) }
  }

  /// The name: `"fixed"`, `"global"`, `"per_output"`.
  public var description: String { cName(number, vae_sigma_kind_name) }

  /// The kind of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_sigma_kind_name) else { return nil }
    self.init(number: number)
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
    /// ``VAE/Likelihood/continuousBernoulli``
    public static let continuousBernoulli = Kind(number: Int32(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI))
    /// ``VAE/Likelihood/laplace(sigma:outputActivation:)``
    public static let laplace = Kind(number: Int32(VAE_LIKELIHOOD_LAPLACE))
    /// ``VAE/Likelihood/logCosh(sigma:outputActivation:)``
    public static let logCosh = Kind(number: Int32(VAE_LIKELIHOOD_LOG_COSH))
    /// ``VAE/Likelihood/poisson``
    public static let poisson = Kind(number: Int32(VAE_LIKELIHOOD_POISSON))
    /// ``VAE/Likelihood/categorical(groups:)``
    public static let categorical = Kind(number: Int32(VAE_LIKELIHOOD_CATEGORICAL))
    /// ``VAE/Likelihood/negativeBinomial``
    public static let negativeBinomial = Kind(number: Int32(VAE_LIKELIHOOD_NEGATIVE_BINOMIAL))
    /// ``VAE/Likelihood/studentT(outputActivation:)``
    public static let studentT = Kind(number: Int32(VAE_LIKELIHOOD_STUDENT_T))

    /// Whether it has a location and a sigma. Student's t has a location and finds its scale in its own way: it is none of
    /// these.
    public var isLocated: Bool { self == .gaussian || self == .laplace || self == .logCosh }

    /// The values that data may have; nil for any finite number. Counts and categories are also whole numbers.
    public var support: ClosedRange<Float>? {
      if isLocated || self == .studentT { return nil }
      return isCount ? 0...4_194_304 : 0...1
    }

    /// Whether data must be whole numbers.
    public var isWhole: Bool { isCount || self == .categorical }

    private var isCount: Bool { self == .poisson || self == .negativeBinomial }

    /// What p(x|z) is described by, as ``VAE/likelihoodParameters(_:given:)`` gives it: `["location", "scale"]`, `["rate"]`, …
    public var parameterNames: [String] {
      cNumbers { vae_likelihood_parameter_name(number, UInt32($0)) }
        .map { cName($0) { vae_likelihood_parameter_name(number, UInt32($0)) } }
    }
  }
}

extension VAE.Likelihood.Kind: CaseIterable, LosslessStringConvertible {
  /// Every likelihood of the linked library.
  public static var allCases: [VAE.Likelihood.Kind] {
    cNumbers(vae_likelihood_name).map { VAE.Likelihood.Kind(number: $0) }
  }

  /// The name in model files and on the command line: `"bernoulli"`, `"gaussian"`, …
  public var description: String { cName(number, vae_likelihood_name) }

  /// The likelihood of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_likelihood_name) else { return nil }
    self.init(number: number)
  }
}
