internal import CLibVAE

/// The processor instructions that the kernels use.
///
/// Results are equal to the bit for one instruction set and differ in the last digits between two.
public struct InstructionSet: RawRepresentable, Sendable, Hashable {
  /// The pinned number of the C library's `vae_isa`.
  public let rawValue: Int32

  /// The instruction set of that number, which need not be known to this version.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// What the environment variable `VAE_ISA` names, else the best one that the machine has.
  public static let automatic = InstructionSet(rawValue: Int32(VAE_ISA_AUTO))
  /// Plain C; runs everywhere.
  public static let portable = InstructionSet(rawValue: Int32(VAE_ISA_PORTABLE))
  /// AVX2 with FMA, on x86-64.
  public static let avx2 = InstructionSet(rawValue: Int32(VAE_ISA_AVX2))
  /// AVX-512, on x86-64.
  public static let avx512 = InstructionSet(rawValue: Int32(VAE_ISA_AVX512))
  /// NEON, on arm64.
  public static let neon = InstructionSet(rawValue: Int32(VAE_ISA_NEON))

  /// Those that this build has and this machine can run; ``portable`` is always among them.
  public static var available: [InstructionSet] {
    [portable, avx2, avx512, neon].filter(\.isAvailable)
  }

  /// Whether this build has the instruction set and this machine can run it.
  public var isAvailable: Bool { vae_isa_available(rawValue) != 0 }
}

extension InstructionSet: LosslessStringConvertible {
  /// `"avx512"`, `"avx2"`, `"neon"`, `"portable"` or `"auto"`.
  public var description: String { cName(rawValue, vae_isa_name) }

  /// The instruction set of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_isa_name) else { return nil }
    self.init(rawValue: number)
  }
}
