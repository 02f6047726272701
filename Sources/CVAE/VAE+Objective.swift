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

    /// How the importance-weighted bound's gradient is estimated; plain for the evidence lower bound.
    public let estimator: Estimator

    /// Nats that each latent's divergence, averaged over the mini-batch, counts as at least; 0 for none.
    public private(set) var freeBits: Double = 0

    /// The divergence that ``capacityWeight`` pulls towards, in nats.
    public private(set) var capacity: Double = 0

    /// The weight of the distance between the mini-batch's mean divergence and ``capacity``; 0 for none.
    public private(set) var capacityWeight: Double = 0

    /// What is added to the loss for a mini-batch as a whole.
    public private(set) var regularizer: Regularizer = .none

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

    /// The importance-weighted bound with its gradient estimated in another way.
    ///
    /// - Parameters:
    ///   - samples: latent samples per example.
    ///   - estimator: of the gradient; the bound itself is the same.
    public static func importanceWeighted(samples: Int, estimator: Estimator) -> Objective {
      Objective(kind: .importanceWeighted, samples: samples, beta: 1, estimator: estimator)
    }

    /// The same evidence lower bound with free bits: each latent's divergence, averaged over the mini-batch, counts as at least
    /// `nats`, so that it costs nothing to say so much (Kingma et al. 2016, eq. 15).
    ///
    /// - Parameter nats: 0 to 1e6; 0 for none.
    public func withFreeBits(_ nats: Double) -> Objective {
      var objective = self
      objective.freeBits = nats
      return objective
    }

    /// The same evidence lower bound with a capacity: `weight` times the distance between the mini-batch's mean divergence and
    /// `nats` is added to the loss (Burgess et al. 2018, eq. 8, with a beta of 0).
    ///
    /// ``TrainingConfiguration/capacityEpochs`` lets it rise from 0 in the course of a run.
    ///
    /// - Parameters:
    ///   - nats: 0 to 1e6.
    ///   - weight: 0 to 1e6; 0 for none.
    public func withCapacity(_ nats: Double, weight: Double) -> Objective {
      var objective = self
      objective.capacity = nats
      objective.capacityWeight = weight
      return objective
    }

    /// The same evidence lower bound with a term that couples the examples of a mini-batch. It replaces the one before.
    public func regularized(by regularizer: Regularizer) -> Objective {
      var objective = self
      objective.regularizer = regularizer
      return objective
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

extension VAE.Objective {
  /// How the gradient of the importance-weighted bound with respect to q's parameters is estimated. The set is open.
  public struct Estimator: Sendable, Hashable {
    let number: Int32

    /// As the bound stands.
    public static let plain = Estimator(number: Int32(VAE_ESTIMATOR_PLAIN))
    /// With less variance for many samples (Tucker et al. 2019, eq. 8).
    public static let doublyReparameterized = Estimator(number: Int32(VAE_ESTIMATOR_DOUBLY_REPARAMETERIZED))
  }
}

extension VAE.Objective.Estimator: CaseIterable, LosslessStringConvertible {
  /// Every estimator of the linked library.
  public static var allCases: [VAE.Objective.Estimator] {
    cNumbers(vae_estimator_name).map { VAE.Objective.Estimator(number: $0) }
  }

  /// The name in model files and on the command line: `"plain"`, `"doubly_reparameterized"`.
  public var description: String { cName(number, vae_estimator_name) }

  /// The estimator of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_estimator_name) else { return nil }
    self.init(number: number)
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
  init(kind: Kind, samples: Int, beta: Double, estimator: Estimator = .plain) {
    self.kind = kind
    self.samples = samples
    self.beta = beta
    self.estimator = estimator
  }

  init(_ objective: vae_objective) {
    self.init(
      kind: Kind(number: objective.kind), samples: Int(objective.samples), beta: objective.beta,
      estimator: Estimator(number: objective.estimator))
    binarization = Binarization(number: objective.binarization)
    freeBits = objective.free_bits
    capacity = objective.capacity
    capacityWeight = objective.capacity_weight
    regularizer = Regularizer(objective)
  }

  func cObjective() throws(VAEError) -> vae_objective {
    var objective = vae_objective()
    vae_objective_init(&objective)
    objective.kind = kind.number
    objective.samples = try cSize(samples, "the objective's samples")
    objective.beta = beta
    objective.binarization = binarization.number
    objective.estimator = estimator.number
    objective.free_bits = freeBits
    objective.capacity = capacity
    objective.capacity_weight = capacityWeight
    try regularizer.put(into: &objective)
    return objective
  }
}
