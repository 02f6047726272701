import CVAE

/// The options of `vae-cli train` about p(z).
enum PriorOptions {
  static let prior = Option<String>.choice(
    "prior", ["standard", "conditional", "mixture", "vamp"], default: "standard",
    help: "of the code: standard, a normal distribution; conditional, one that a net finds in the condition; mixture, "
      + "Gaussians that are learned; vamp, the codes of pseudo-inputs that are learned: {}")
  static let net = Option<[Int]?>.layers(
    "prior-net", shown: "as the encoder", help: "hidden layers of a conditional prior's net; none: a linear one")
  static let components = Option<Int?>.count(
    "components", "N", 1...4096, shown: "10 of a mixture, 500 of a vamp prior",
    help: "Gaussians of a mixture, or pseudo-inputs of a vamp prior")

  static let all: [any AnyOption] = [prior, net, components]

  /// The words of ``prior`` that the others go with.
  static let details: [(option: any AnyOption, of: Option<String>, words: [String])] = [
    (net, prior, ["conditional"]), (components, prior, ["mixture", "vamp"]),
  ]

  /// What they say; `encoder` is the default of the prior's net.
  static func chosen(_ arguments: Arguments, encoder: [VAE.Layer], activation: VAE.Activation) -> VAE.Prior {
    switch arguments[prior] {
    case "conditional": .conditional(arguments[net].map { $0.map { VAE.Layer($0, activation) } } ?? encoder)
    case "mixture": .mixture(components: arguments[components] ?? 10)
    case "vamp": .vamp(components: arguments[components] ?? 500)
    default: .standard
    }
  }
}
