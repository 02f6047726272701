internal import CLibVAE

extension VAE {
  /// The distribution of the latent before any data are seen: p(z), or p(z|c) given a condition. The set is open.
  public struct Prior: Sendable, Hashable {
    /// Which distribution it is.
    public let kind: Kind

    /// The hidden layers of a conditional prior's own net, none for a linear one; empty for other kinds.
    public let layers: [Layer]

    /// The components of a mixture or of a VampPrior; 0 for other kinds.
    public let components: Int

    /// The standard normal distribution.
    public static let standard = Prior(kind: .standard)

    /// p(z|c), a diagonal Gaussian that a net of its own finds in the condition (Sohn, Lee & Yan 2015). Only for a model with
    /// a condition.
    ///
    /// - Parameter layers: the net's hidden layers, at most 64; none for a linear one.
    public static func conditional(_ layers: [Layer]) -> Prior { Prior(kind: .conditional, layers: layers) }

    /// A mixture of Gaussians whose weights, means and variances are learned: the tensors `prior.mixture.logits`,
    /// `prior.mixture.mean` and `prior.mixture.logvar`.
    ///
    /// - Parameter components: 1 to 4096.
    public static func mixture(components: Int) -> Prior { Prior(kind: .mixture, components: components) }

    /// The mean of q(z|u) over learned pseudo-inputs u, the tensor `prior.pseudo_inputs` (Tomczak & Welling 2018). Not for
    /// a model with a condition.
    ///
    /// - Parameter components: pseudo-inputs, 1 to 4096.
    public static func vamp(components: Int) -> Prior { Prior(kind: .vamp, components: components) }

    /// The prior of a kind. What its kind does not have must be left out.
    public init(kind: Kind, layers: [Layer] = [], components: Int = 0) {
      self.kind = kind
      self.layers = layers
      self.components = components
    }

    /// The name of a prior, without its parameters.
    public struct Kind: Sendable, Hashable {
      let number: Int32

      /// ``VAE/Prior/standard``
      public static let standard = Kind(number: Int32(VAE_PRIOR_STANDARD))
      /// ``VAE/Prior/conditional(_:)``
      public static let conditional = Kind(number: Int32(VAE_PRIOR_CONDITIONAL))
      /// ``VAE/Prior/mixture(components:)``
      public static let mixture = Kind(number: Int32(VAE_PRIOR_MIXTURE))
      /// ``VAE/Prior/vamp(components:)``
      public static let vamp = Kind(number: Int32(VAE_PRIOR_VAMP))

      /// Whether it has ``VAE/Prior/components``.
      public var hasComponents: Bool { self == .mixture || self == .vamp }
    }
  }
}

extension VAE.Prior.Kind: CaseIterable, LosslessStringConvertible {
  /// Every prior of the linked library.
  public static var allCases: [VAE.Prior.Kind] { cNumbers(vae_prior_name).map { VAE.Prior.Kind(number: $0) } }

  /// The name in model files: `"standard"`, `"conditional"`, `"mixture"`, `"vamp"`.
  public var description: String { cName(number, vae_prior_name) }

  /// The prior of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_prior_name) else { return nil }
    self.init(number: number)
  }
}

extension VAE.Prior: CaseIterable, LosslessStringConvertible {
  /// Every prior of the linked library, with no hidden layers and with one component where it has some.
  public static var allCases: [VAE.Prior] {
    Kind.allCases.map { VAE.Prior(kind: $0, components: $0.hasComponents ? 1 : 0) }
  }

  /// The kind and its parameters: `"standard"`, `"conditional(500 relu, 200 relu)"`, `"mixture(10)"`, `"vamp(500)"`.
  public var description: String {
    let parts = layers.map { "\($0.units) \($0.activation)" } + (components == 0 ? [] : ["\(components)"])
    return parts.isEmpty ? "\(kind)" : "\(kind)(\(parts.joined(separator: ", ")))"
  }

  /// The prior of that description, nil where there is none.
  public init?(_ description: String) {
    let (name, parameters) = description.splitOnce("(")
    guard let kind = Kind(name) else { return nil }
    var layers: [VAE.Layer] = []
    var components = 0
    if var parameters {
      guard parameters.popLast() == ")" else { return nil }
      for part in parameters.split(separator: ", ", omittingEmptySubsequences: false) {
        let (number, activation) = String(part).splitOnce(" ")
        guard let number = Int(number) else { return nil }
        if let activation {
          guard let activation = VAE.Activation(activation) else { return nil }
          layers.append(VAE.Layer(number, activation))
        } else {
          components = number
        }
      }
    }
    self.init(kind: kind, layers: layers, components: components)
    // One spelling of each: nothing twice, nothing of another kind.
    guard self.description == description, kind.hasComponents == (components > 0) else { return nil }
    guard kind == .conditional || layers.isEmpty else { return nil }
  }
}

extension String {
  /// What is before the first such character, and what is behind it where there is one.
  fileprivate func splitOnce(_ separator: Character) -> (String, String?) {
    guard let place = firstIndex(of: separator) else { return (self, nil) }
    return (String(self[..<place]), String(self[index(after: place)...]))
  }
}

extension VAE {
  /// The prior p(z|c) of a number of rows: a diagonal Gaussian for each.
  public struct GaussianPrior: Sendable, Hashable {
    /// `[count, dimension]`, row-major.
    public let mean: [Float]

    /// The logarithm of the variance, `[count, dimension]`, row-major, in [-20, 20].
    public let logvar: [Float]

    /// Z, the length of a latent vector.
    public let dimension: Int

    /// The number of rows.
    public var count: Int { mean.count / dimension }
  }

  /// The prior p(z|c) of a model with a conditional prior; zeros for one with the standard prior.
  ///
  /// - Parameters:
  ///   - condition: a row for each row, or one for all; nil for a model without a condition.
  ///   - count: the number of rows, at least 1; nil for as many as the condition has.
  /// - Returns: means and log-variances, `[count, latentDimension]` each.
  /// - Throws: ``VAEError`` with `.mismatch` for a wrong shape, `.data` for a value that is not finite or a label that is none
  ///   of the model's classes, `.unsupported` for a prior that is not one Gaussian.
  public func prior(given condition: Condition?, count: Int? = nil) throws(VAEError) -> GaussianPrior {
    let (rows, dimension) = (try rowCount(count, condition), configuration.latentDimension)
    let size = try product(rows, dimension, what: "count")
    return try configuration.withCondition(condition, rows: rows) { condition throws(VAEError) in
      var logvar: [Float] = []
      let mean = try makeFloats(size, what: "prior") { mean throws(VAEError) in
        logvar = try makeFloats(size, what: "prior") { logvar throws(VAEError) in
          try withWorkspace { workspace throws(VAEError) in
            try check { vae_model_prior(handle, workspace, rows, condition, mean, logvar, $0) }
          }
        }
      }
      return GaussianPrior(mean: mean, logvar: logvar, dimension: dimension)
    }
  }
}
