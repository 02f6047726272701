internal import CLibVAE

extension VAE {
  /// What training minimises and evaluation measures, in nats per example. The set is open.
  public struct Objective: Sendable, Hashable {
    /// Which bound it is.
    public let kind: Kind

    /// K, the latent samples drawn for each example, 1 to 65536.
    public let samples: Int

    /// The weight of the Kullback-Leibler divergence, 0 to 1e6; 1 for the importance-weighted bound.
    public let beta: Double

    /// What becomes of grey data before the model sees them.
    public private(set) var binarization: Binarization = .none

    /// The evidence lower bound with one sample and beta 1 (Kingma & Welling 2014).
    public static let elbo = Objective(kind: .elbo, samples: 1, beta: 1)

    /// The evidence lower bound: the mean over samples of -log p(x|z), plus beta KL(q(z|x), p(z)).
    ///
    /// - Parameters:
    ///   - samples: latent samples per example.
    ///   - beta: weight of the divergence; over 1 gives a beta-VAE (Higgins et al. 2017).
    public static func elbo(samples: Int = 1, beta: Double = 1) -> Objective {
      Objective(kind: .elbo, samples: samples, beta: beta)
    }

    /// The importance-weighted bound of Burda, Grosse & Salakhutdinov 2016, eq. 8.
    ///
    /// - Parameter samples: latent samples per example; with 1 it is the evidence lower bound with a sampled divergence.
    public static func importanceWeighted(samples: Int) -> Objective {
      Objective(kind: .importanceWeighted, samples: samples, beta: 1)
    }

    /// The same objective of data that are binarised so. Only for a Bernoulli likelihood.
    public func binarized(_ binarization: Binarization = .dynamic) -> Objective {
      var objective = self
      objective.binarization = binarization
      return objective
    }

    /// What becomes of grey data, values between 0 and 1.
    public struct Binarization: Sendable, Hashable {
      let number: Int32

      /// They stay as they are.
      public static let none = Binarization(number: Int32(VAE_BINARIZATION_NONE))
      /// Each becomes 1 with itself as the probability, else 0: drawn anew in every step of training, and by the seed
      /// and the row in evaluation.
      public static let dynamic = Binarization(number: Int32(VAE_BINARIZATION_DYNAMIC))
    }
  }
}

extension VAE.Objective.Binarization: CaseIterable, LosslessStringConvertible {
  /// Every binarisation of the linked library.
  public static var allCases: [VAE.Objective.Binarization] {
    cNumbers(vae_binarization_name).map { VAE.Objective.Binarization(number: $0) }
  }

  /// The name in model files and on the command line: `"none"`, `"dynamic"`.
  public var description: String { cName(number, vae_binarization_name) }

  /// The binarisation of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_binarization_name) else { return nil }
    self.init(number: number)
  }
}

extension VAE.Objective {
  /// The name of an objective, without its parameters.
  public struct Kind: Sendable, Hashable {
    let number: Int32

    /// ``VAE/Objective/elbo(samples:beta:)``
    public static let elbo = Kind(number: Int32(VAE_OBJECTIVE_ELBO))
    /// ``VAE/Objective/importanceWeighted(samples:)``
    public static let importanceWeighted = Kind(number: Int32(VAE_OBJECTIVE_IWAE))
  }
}

extension VAE.Objective.Kind: CaseIterable, LosslessStringConvertible {
  /// Every objective of the linked library.
  public static var allCases: [VAE.Objective.Kind] {
    cNumbers(vae_objective_name).map { VAE.Objective.Kind(number: $0) }
  }

  /// The name in model files: `"elbo"`, `"iwae"`.
  public var description: String { cName(number, vae_objective_name) }

  /// The objective of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_objective_name) else { return nil }
    self.init(number: number)
  }
}

extension VAE.Objective {
  init(_ objective: vae_objective) {
    self.init(kind: Kind(number: objective.kind), samples: Int(objective.samples), beta: objective.beta)
    binarization = Binarization(number: objective.binarization)
  }

  func cObjective() throws(VAEError) -> vae_objective {
    var objective = vae_objective()
    vae_objective_init(&objective)
    objective.kind = kind.number
    objective.samples = try cSize(samples, "the objective's samples")
    objective.beta = beta
    objective.binarization = binarization.number
    return objective
  }
}
