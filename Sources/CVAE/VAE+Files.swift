internal import CLibVAE

extension VAE {
  /// Reads a model from a safetensors file that ``save(to:)-(String)``, a ``Trainer`` or another program wrote.
  ///
  /// Every byte of the file is checked; reading it runs no code.
  ///
  /// - Throws: ``VAEError`` with `.io` where the file cannot be read, `.format` where it is no model, `.unsupported`
  ///   where it needs a later version, or `.outOfMemory`.
  public convenience init(contentsOf path: String, execution: Execution = Execution()) throws(VAEError) {
    try checkPath(path)
    var handle: OpaquePointer?
    try check { vae_model_load(path, nil, &handle, $0) }
    try self.init(owning: handle, execution)
  }

  /// Reads a model from the bytes of a safetensors file. The bytes are not kept.
  ///
  /// - Throws: ``VAEError`` with `.format`, `.unsupported` or `.outOfMemory`.
  public convenience init(bytes: [UInt8], execution: Execution = Execution()) throws(VAEError) {
    try self.init(bytes: bytes.span.bytes, execution: execution)
  }

  /// Reads a model from the bytes of a safetensors file, without a copy of them.
  ///
  /// - Throws: ``VAEError`` with `.format`, `.unsupported` or `.outOfMemory`.
  public convenience init(bytes: RawSpan, execution: Execution = Execution()) throws(VAEError) {
    var handle: OpaquePointer?
    try bytes.withUnsafeBytes { buffer throws(VAEError) in
      try check { vae_model_load_bytes(buffer.baseAddress, buffer.count, nil, &handle, $0) }
    }
    try self.init(owning: handle, execution)
  }

  /// Writes the model as one safetensors file. Equal models give equal bytes.
  ///
  /// The old file is replaced at once when the new one is complete; where writing fails, it is left as it was. A path
  /// that leads to a device or a FIFO is written straight.
  ///
  /// - Throws: ``VAEError`` with `.io` and the system's reason, `.notFinite` where a parameter is not finite, or
  ///   `.outOfMemory`.
  public func save(to path: String) throws(VAEError) {
    try checkPath(path)
    try gate.read { () throws(VAEError) in try check { vae_model_save(handle, path, $0) } }
  }

  /// The bytes of the file that ``save(to:)-(String)`` writes.
  ///
  /// - Throws: ``VAEError`` with `.notFinite` where a parameter is not finite, or `.outOfMemory`.
  public func serialized() throws(VAEError) -> [UInt8] {
    try gate.read { () throws(VAEError) in
      var size = 0
      try check { vae_model_save_bytes(handle, nil, 0, &size, $0) }
      return try [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized throws(VAEError) in
        try check { vae_model_save_bytes(handle, buffer.baseAddress, buffer.count, &size, $0) }
        initialized = min(size, buffer.count)
      }
    }
  }
}

/// A path with a zero byte would silently name another file in C.
func checkPath(_ path: String) throws(VAEError) {
  if path.utf8.contains(0) { throw VAEError(.invalidArgument, "a file name cannot hold a zero byte") }
}
