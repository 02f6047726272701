internal import CLibVAE

/// What matrix products are computed in. Everything else is float32, parameters and Adam included.
public struct Precision: RawRepresentable, Sendable, Hashable {
  /// The pinned number of the C library's `vae_precision`.
  public let rawValue: Int32

  /// The precision of that number, which need not be known to this version.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// 32-bit floating point.
  public static let float32 = Precision(rawValue: Int32(VAE_PRECISION_FLOAT32))
  /// Operands rounded to bfloat16, sums in float32.
  public static let bfloat16 = Precision(rawValue: Int32(VAE_PRECISION_BFLOAT16))
  /// 8-bit integers; not for training.
  public static let int8 = Precision(rawValue: Int32(VAE_PRECISION_INT8))
}

extension Precision: CaseIterable {
  /// All that this version knows.
  public static var allCases: [Precision] { [float32, bfloat16, int8] }
}

extension Precision: LosslessStringConvertible {
  /// `"float32"`, `"bfloat16"` or `"int8"`.
  public var description: String { cName(rawValue, vae_precision_name) }

  /// The precision of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_precision_name) else { return nil }
    self.init(rawValue: number)
  }
}
