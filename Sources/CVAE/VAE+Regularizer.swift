internal import CLibVAE

extension VAE.Objective {
  /// What couples the examples of a mini-batch: a weight times a term is added to the evidence lower bound's loss as a penalty.
  ///
  /// It is a function of the mini-batch's q and the first latent sample of each example, and zero for a single row. The set
  /// is open.
  public struct Regularizer: Sendable, Hashable {
    /// Which term it is.
    public let kind: Kind

    /// Its weight; of squared covariances for ``Kind/dipI`` and ``Kind/dipII``.
    public let weight: Double

    /// The weight of (variance - 1)^2 for ``Kind/dipI`` and ``Kind/dipII``, else 0.
    public let diagonalWeight: Double

    /// s in the kernel of ``Kind/mmdRBF`` and ``Kind/mmdIMQ``; nil for twice the latent dimension.
    public let kernelScale: Double?

    /// The random directions of ``Kind/slicedWasserstein``; nil for 50.
    public let projections: Int?

    /// The rows of the data set, for ``Kind/totalCorrelation``; nil for those of the data that an epoch or an evaluation is
    /// given.
    public let dataRows: Int?

    /// No such term.
    public static let none = Regularizer(kind: .none, weight: 0)

    /// The total correlation KL(q(z), prod q(z_j)), by minibatch-weighted sampling (Chen et al. 2018, section 4).
    ///
    /// - Parameters:
    ///   - weight: -1 to 1e9; the paper's beta is `weight` + 1.
    ///   - dataRows: rows of the data set; nil for those of the data that an epoch or an evaluation is given.
    public static func totalCorrelation(weight: Double, dataRows: Int? = nil) -> Regularizer {
      Regularizer(kind: .totalCorrelation, weight: weight, dataRows: dataRows)
    }

    /// DIP-VAE-I: the covariances of q's means are drawn to the identity (Kumar et al. 2018, eq. 6).
    ///
    /// - Parameters:
    ///   - weight: of the squared covariances off the diagonal, 0 to 1e9.
    ///   - diagonalWeight: of the squared distances of the variances from 1, 0 to 1e9.
    public static func dipI(weight: Double, diagonalWeight: Double) -> Regularizer {
      Regularizer(kind: .dipI, weight: weight, diagonalWeight: diagonalWeight)
    }

    /// DIP-VAE-II: as ``dipI(weight:diagonalWeight:)`` with q's mean variances added to the diagonal (Kumar et al. 2018, eq. 7).
    public static func dipII(weight: Double, diagonalWeight: Double) -> Regularizer {
      Regularizer(kind: .dipII, weight: weight, diagonalWeight: diagonalWeight)
    }

    /// The squared maximum mean discrepancy between the mini-batch's z and draws from the prior, with the kernel
    /// exp(-|a - b|^2 / s) (Zhao et al. 2019; Tolstikhin et al. 2018).
    ///
    /// - Parameters:
    ///   - weight: 0 to 1e9.
    ///   - kernelScale: s, 1e-6 to 1e12; nil for twice the latent dimension.
    public static func mmdRBF(weight: Double, kernelScale: Double? = nil) -> Regularizer {
      Regularizer(kind: .mmdRBF, weight: weight, kernelScale: kernelScale)
    }

    /// As ``mmdRBF(weight:kernelScale:)`` with the kernel s / (s + |a - b|^2).
    public static func mmdIMQ(weight: Double, kernelScale: Double? = nil) -> Regularizer {
      Regularizer(kind: .mmdIMQ, weight: weight, kernelScale: kernelScale)
    }

    /// The sliced Wasserstein distance between the mini-batch's z and draws from the prior (Kolouri et al. 2019).
    ///
    /// - Parameters:
    ///   - weight: 0 to 1e9.
    ///   - projections: random directions, 1 to 65,536; nil for 50.
    public static func slicedWasserstein(weight: Double, projections: Int? = nil) -> Regularizer {
      Regularizer(kind: .slicedWasserstein, weight: weight, projections: projections)
    }

    /// The term of a kind. What belongs to other kinds must be left out.
    public init(
      kind: Kind, weight: Double, diagonalWeight: Double = 0, kernelScale: Double? = nil, projections: Int? = nil,
      dataRows: Int? = nil
    ) {
      self.kind = kind
      self.weight = weight
      self.diagonalWeight = diagonalWeight
      self.kernelScale = kernelScale
      self.projections = projections
      self.dataRows = dataRows
    }

    /// The name of a term, without its numbers.
    public struct Kind: Sendable, Hashable {
      let number: Int32

      /// ``VAE/Objective/Regularizer/none``
      public static let none = Kind(number: Int32(VAE_REGULARIZER_NONE))
      /// ``VAE/Objective/Regularizer/totalCorrelation(weight:dataRows:)``
      public static let totalCorrelation = Kind(number: Int32(VAE_REGULARIZER_TC))
      /// ``VAE/Objective/Regularizer/dipI(weight:diagonalWeight:)``
      public static let dipI = Kind(number: Int32(VAE_REGULARIZER_DIP_I))
      /// ``VAE/Objective/Regularizer/dipII(weight:diagonalWeight:)``
      public static let dipII = Kind(number: Int32(VAE_REGULARIZER_DIP_II))
      /// ``VAE/Objective/Regularizer/mmdRBF(weight:kernelScale:)``
      public static let mmdRBF = Kind(number: Int32(VAE_REGULARIZER_MMD_RBF))
      /// ``VAE/Objective/Regularizer/mmdIMQ(weight:kernelScale:)``
      public static let mmdIMQ = Kind(number: Int32(VAE_REGULARIZER_MMD_IMQ))
      /// ``VAE/Objective/Regularizer/slicedWasserstein(weight:projections:)``
      public static let slicedWasserstein = Kind(number: Int32(VAE_REGULARIZER_SLICED_WASSERSTEIN))
    }
  }
}

extension VAE.Objective.Regularizer.Kind: CaseIterable, LosslessStringConvertible {
  /// Every regularizer of the linked library.
  public static var allCases: [VAE.Objective.Regularizer.Kind] {
    cNumbers(vae_regularizer_name).map { VAE.Objective.Regularizer.Kind(number: $0) }
  }

  /// The name in model files and on the command line: `"none"`, `"tc"`, `"dip_i"`, …
  public var description: String { cName(number, vae_regularizer_name) }

  /// The regularizer of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_regularizer_name) else { return nil }
    self.init(number: number)
  }
}

extension VAE.Objective.Regularizer {
  init(_ objective: vae_objective) {
    self.init(
      kind: Kind(number: objective.regularizer), weight: objective.regularizer_weight,
      diagonalWeight: objective.regularizer_diagonal,
      kernelScale: objective.kernel_scale == 0 ? nil : objective.kernel_scale,
      projections: objective.projections == 0 ? nil : Int(objective.projections),
      dataRows: objective.data_rows == 0 ? nil : Int(clamping: objective.data_rows))
  }

  func put(into objective: inout vae_objective) throws(VAEError) {
    objective.regularizer = kind.number
    objective.regularizer_weight = weight
    objective.regularizer_diagonal = diagonalWeight
    objective.kernel_scale = kernelScale ?? 0
    objective.projections = try cSize(projections ?? 0, "the regularizer's projections")
    objective.data_rows = try cSize(dataRows ?? 0, "the regularizer's dataRows")
  }
}
