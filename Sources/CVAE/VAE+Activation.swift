internal import CLibVAE

extension VAE {
  /// An elementwise function after a dense layer. The set is open: later versions may add activations.
  public struct Activation: Sendable, Hashable {
    let number: Int32

    /// x
    public static let identity = Activation(number: Int32(VAE_ACTIVATION_IDENTITY))
    /// max(x, 0)
    public static let relu = Activation(number: Int32(VAE_ACTIVATION_RELU))
    /// x above zero, 0.2 x below.
    public static let leakyReLU = Activation(number: Int32(VAE_ACTIVATION_LEAKY_RELU))
    /// The hyperbolic tangent.
    public static let tanh = Activation(number: Int32(VAE_ACTIVATION_TANH))
    /// 1 / (1 + exp(-x))
    public static let sigmoid = Activation(number: Int32(VAE_ACTIVATION_SIGMOID))
    /// x above zero, exp(x) - 1 below.
    public static let elu = Activation(number: Int32(VAE_ACTIVATION_ELU))
    /// x sigmoid(x)
    public static let silu = Activation(number: Int32(VAE_ACTIVATION_SILU))
    /// The exact form, x Phi(x).
    public static let gelu = Activation(number: Int32(VAE_ACTIVATION_GELU))
    /// log(1 + exp(x))
    public static let softplus = Activation(number: Int32(VAE_ACTIVATION_SOFTPLUS))
  }
}

extension VAE.Activation: CaseIterable, LosslessStringConvertible {
  /// Every activation of the linked library.
  public static var allCases: [VAE.Activation] { cNumbers(vae_activation_name).map { VAE.Activation(number: $0) } }

  /// The name in model files and on the command line: `"relu"`, `"leaky_relu"`, …
  public var description: String { cName(number, vae_activation_name) }

  /// The activation of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_activation_name) else { return nil }
    self.init(number: number)
  }
}
