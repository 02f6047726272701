internal import CLibVAE

/// What went wrong in a call of libvae.
///
/// ``message`` is one line that names the argument or file, what was found and what is allowed. ``code`` says which kind
/// of error it is and can be matched in a `catch`:
///
/// ```swift
/// do throws(VAEError) {
///   let model = try VAE(contentsOf: "digits.safetensors")
/// } catch VAEError.Code.io {
///   // the file could not be opened or read
/// } catch {
///   print(error.message)
/// }
/// ```
///
/// End a `do` with a plain `catch`, as above: the compiler of Swift 6.3.1 crashes on a `do` without one in some
/// asynchronous code.
public struct VAEError: Error, Sendable, Hashable {
  /// The kind of error.
  public let code: Code

  /// One line that names the argument or file, what was found and what is allowed.
  public let message: String

  /// Makes an error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension VAEError {
  /// A kind of error. The set is open: later versions may add codes, so give every `switch` a `default`.
  ///
  /// Raw values over zero are the pinned numbers of the C library's `vae_status`; those below zero arise in Swift.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// The number of the code.
    public let rawValue: Int32

    /// The code of that number, which need not be known to this version.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// A size, a number or a name that is not allowed.
    public static let invalidArgument = Code(rawValue: Int32(VAE_ERROR_INVALID_ARGUMENT))
    /// Dimensions or configurations that do not belong together.
    public static let mismatch = Code(rawValue: Int32(VAE_ERROR_MISMATCH))
    /// A value in the data that the model cannot take, such as NaN, or 1.5 for a Bernoulli likelihood.
    public static let data = Code(rawValue: Int32(VAE_ERROR_DATA))
    /// A NaN or an infinity arose in the computation.
    public static let notFinite = Code(rawValue: Int32(VAE_ERROR_NOT_FINITE))
    /// The system has not enough memory (or no further thread) to give.
    public static let outOfMemory = Code(rawValue: Int32(VAE_ERROR_OUT_OF_MEMORY))
    /// The operating system refused to open, read, write or rename a file.
    public static let io = Code(rawValue: Int32(VAE_ERROR_IO))
    /// A file or its bytes are not what they should be.
    public static let format = Code(rawValue: Int32(VAE_ERROR_FORMAT))
    /// An instruction set, type or combination that this build does not have.
    public static let unsupported = Code(rawValue: Int32(VAE_ERROR_UNSUPPORTED))
    /// The work was asked to stop. Training reports a stop in ``TrainingResult/isComplete`` instead of throwing this.
    public static let stopped = Code(rawValue: Int32(VAE_STOPPED))
    /// The model is being trained and the call needs it for itself.
    public static let busy = Code(rawValue: -1)
  }
}

extension VAEError.Code: CustomStringConvertible {
  /// The name of the code: that of the C library, or `"busy"`.
  public var description: String {
    self == .busy ? "busy" : String(cString: vae_status_name(rawValue))
  }
}

extension VAEError: CustomStringConvertible {
  /// The same as ``message``.
  public var description: String { message }
}

/// Lets a `catch` pattern name a code: `catch VAEError.Code.data`.
public func ~= (code: VAEError.Code, error: any Error) -> Bool {
  (error as? VAEError)?.code == code
}
