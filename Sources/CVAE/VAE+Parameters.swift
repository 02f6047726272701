internal import CLibVAE

extension VAE {
  /// The name and shape of a tensor of parameters.
  public struct Parameter: Sendable, Hashable {
    /// Such as `"encoder.0.weight"`; the same in model files.
    public let name: String

    /// `[out, in]` of a weight, `[out]` of a bias.
    public let shape: [Int]

    /// The product of the shape.
    public let count: Int
  }

  /// All tensors, in the order of the model file: encoder before decoder, from input to output, weight before bias.
  public var parameters: [Parameter] {
    (0..<vae_model_parameter_count(handle)).compactMap { index in
      var info = vae_parameter_info()
      vae_parameter_info_init(&info)
      guard vae_model_get_parameter_info(handle, index, &info, nil) == Int32(VAE_OK) else { return nil }
      return Parameter(info)
    }
  }

  /// The number of all parameters' values.
  public var valueCount: Int { Int(clamping: vae_model_value_count(handle)) }

  /// A copy of one tensor, row-major.
  ///
  /// - Throws: ``VAEError`` with `.invalidArgument` where there is no tensor of that name.
  public func parameter(named name: String) throws(VAEError) -> [Float] {
    let count = try info(of: name).count
    return try gate.read { () throws(VAEError) in
      try makeFloats(count, what: name) { values throws(VAEError) in
        try check { vae_model_get_parameter(handle, name, values, count, $0) }
      }
    }
  }

  /// Replaces the values of one tensor.
  ///
  /// - Parameters:
  ///   - name: such as `"decoder.mean.bias"`.
  ///   - values: row-major, as many as the shape says.
  /// - Throws: ``VAEError`` with `.invalidArgument` where the name or the number of values is wrong, `.data` where a value
  ///   is not finite, `.busy` during training; the model is then unchanged.
  public func setParameter(_ name: String, to values: [Float]) throws(VAEError) {
    try setParameter(name, to: values.span)
  }

  /// Replaces the values of one tensor, read from memory of your own.
  public func setParameter(_ name: String, to values: Span<Float>) throws(VAEError) {
    try checkCount(values.count, try info(of: name).count, name)
    try gate.write { () throws(VAEError) in
      try values.withUnsafeBufferPointer { buffer throws(VAEError) in
        try check { vae_model_set_parameter(handle, name, buffer.baseAddress, buffer.count, $0) }
      }
    }
  }

  /// Starts the output bias where the decoder gives the data's column means: their logit for a Bernoulli likelihood, the
  /// inverse of the output activation where there is one, and so on. Training then starts nearer to its goal.
  ///
  /// - Parameter data: `[n, inputDimension]`; a condition is not needed.
  /// - Throws: ``VAEError`` with `.mismatch`, `.data`, or `.busy` during training.
  public func initializeOutputBias(from data: some RowSource) throws(VAEError) {
    try data.rows.withValues(configuration.inputDimension) { data throws(VAEError) in
      var data = data
      try gate.write { () throws(VAEError) in try check { vae_model_init_output_bias(handle, &data, $0) } }
    }
  }

  func info(of name: String) throws(VAEError) -> Parameter {
    var info = vae_parameter_info()
    vae_parameter_info_init(&info)
    try check { vae_model_find_parameter(handle, name, &info, $0) }
    return Parameter(info)
  }
}

extension VAE.Parameter {
  init(_ info: vae_parameter_info) {
    name = info.name.map { String(cString: $0) } ?? ""
    count = info.count
    shape = withUnsafeBytes(of: info.shape) { sizes in
      sizes.bindMemory(to: UInt64.self).prefix(Int(info.rank)).map { Int(clamping: $0) }
    }
  }
}
