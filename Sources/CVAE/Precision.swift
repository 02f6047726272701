internal import CLibVAE

/// What matrix products are computed in while training, or what a copy for inference holds its weights in. The set is open:
/// later versions may add precisions.
public struct Precision: RawRepresentable, Sendable, Hashable {
  /// The pinned number of the C library's `vae_precision`.
  public let rawValue: Int32

  /// The precision of that number, which need not be known to this version.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// 32-bit floating point.
  public static let float32 = Precision(rawValue: Int32(VAE_PRECISION_FLOAT32))
  /// The upper 16 bits of a float32. Training rounds the operands of products to it; parameters, sums and Adam stay float32.
  public static let bfloat16 = Precision(rawValue: Int32(VAE_PRECISION_BFLOAT16))
  /// Whole numbers of 8 bits and a scale for each unit; for copies, not for training.
  public static let int8 = Precision(rawValue: Int32(VAE_PRECISION_INT8))
}

extension Precision: CaseIterable, LosslessStringConvertible {
  /// Every precision of the linked library.
  public static var allCases: [Precision] { cNumbers(vae_precision_name).map { Precision(rawValue: $0) } }

  /// `"float32"`, `"bf16"` or `"int8"`.
  public var description: String { cName(rawValue, vae_precision_name) }

  /// The precision of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_precision_name) else { return nil }
    self.init(rawValue: number)
  }
}

extension VAE {
  /// What the weights are held in: ``Precision/float32`` but for copies that ``quantized(to:)`` has made.
  public var precision: Precision { Precision(rawValue: vae_model_precision(handle)) }

  /// A copy for inference, with weights of fewer bits.
  ///
  /// It holds half of the memory (``Precision/bfloat16``) or about a quarter (``Precision/int8``), and a single row takes
  /// as much less time. Results differ a little from the model's: `docs/INFERENCE.md` has measurements.
  ///
  /// ```swift
  /// let small = try model.quantized(to: .int8)
  /// let posterior = try small.encode(row)
  /// ```
  ///
  /// Encoding, decoding, reconstruction, sampling and evaluation work as with any model. Training, gradients, changes of
  /// parameters, saving, and a further copy need the original: the copy throws an error with
  /// ``VAEError/Code/unsupported``. Later changes of the original do not reach the copy.
  ///
  /// - Parameter precision: ``Precision/float32`` gives an ordinary model with the same parameters.
  /// - Throws: ``VAEError`` with `.unsupported` where this model is such a copy, `.notFinite` where a parameter is not
  ///   finite, or `.outOfMemory`.
  public func quantized(to precision: Precision) throws(VAEError) -> VAE {
    var copy: OpaquePointer?
    try gate.read { () throws(VAEError) in
      try check { vae_model_quantize(handle, precision.rawValue, &copy, $0) }
    }
    return try VAE(owning: copy, execution)
  }
}
