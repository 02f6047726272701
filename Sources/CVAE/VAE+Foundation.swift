#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension VAEError: LocalizedError {
  /// The same as ``message``.
  public var errorDescription: String? { message }
}

extension VAE {
  /// Reads a model from the file at `url`. See ``init(contentsOf:execution:)-(String,_)``.
  public convenience init(contentsOf url: URL, execution: Execution = Execution()) throws(VAEError) {
    try self.init(contentsOf: filePath(url), execution: execution)
  }

  /// Writes the model to the file at `url`. See ``save(to:)-(String)``.
  public func save(to url: URL) throws(VAEError) { try save(to: filePath(url)) }
}

extension Trainer {
  /// Writes the state of the run to the file at `url`. See ``save(to:)-(String)``.
  public func save(to url: URL) throws(VAEError) { try save(to: filePath(url)) }

  /// Puts the state in the file at `url` back. See ``restore(from:)-(String)``.
  public func restore(from url: URL) throws(VAEError) { try restore(from: filePath(url)) }
}

private func filePath(_ url: URL) throws(VAEError) -> String {
  guard url.isFileURL else {
    throw VAEError(.invalidArgument, "\(url.absoluteString) is not the URL of a file")
  }
  return url.path
}
