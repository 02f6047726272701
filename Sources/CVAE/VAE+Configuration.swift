internal import CLibVAE

extension VAE {
  /// The description of a model: its networks, its latent, its prior and its likelihood.
  ///
  /// A configuration is a plain value. It is checked when a model is made of it.
  public struct Configuration: Sendable, Hashable {
    /// D, the number of values in a row of data; 1 to 2^24.
    public var inputDimension: Int

    /// C, the number of values in a row of the condition, or the classes of its labels, up to 2^24; 0 without a condition.
    public var conditionDimension: Int = 0

    /// Z, the number of values in a latent vector; 1 to 2^24.
    public var latentDimension: Int

    /// The hidden layers between the data and the latent's mean and log-variance, at most 64; none for a linear encoder.
    public var encoder: [Layer]

    /// The hidden layers between the latent and the output, at most 64; none for a linear decoder.
    public var decoder: [Layer]

    /// p(z)
    public var prior: Prior

    /// p(x|z)
    public var likelihood: Likelihood

    /// A model with an encoder and a decoder of their own shapes.
    public init(
      inputDimension: Int, latentDimension: Int, encoder: [Layer], decoder: [Layer],
      likelihood: Likelihood = .bernoulli, prior: Prior = .standard
    ) {
      self.inputDimension = inputDimension
      self.latentDimension = latentDimension
      self.encoder = encoder
      self.decoder = decoder
      self.prior = prior
      self.likelihood = likelihood
    }

    /// A conditional model with an encoder and a decoder of their own shapes: both also read the condition.
    public init(
      inputDimension: Int, conditionDimension: Int, latentDimension: Int, encoder: [Layer], decoder: [Layer],
      likelihood: Likelihood = .bernoulli, prior: Prior = .standard
    ) {
      self.init(
        inputDimension: inputDimension, latentDimension: latentDimension, encoder: encoder, decoder: decoder,
        likelihood: likelihood, prior: prior)
      self.conditionDimension = conditionDimension
    }

    /// A model whose decoder mirrors its encoder.
    ///
    /// ```swift
    /// let configuration = VAE.Configuration(input: 784, hidden: [400, 200], latent: 20)
    /// // encoder 784-400-200-20, decoder 20-200-400-784
    /// ```
    ///
    /// - Parameters:
    ///   - input: values in a row of data.
    ///   - hidden: units of the encoder's hidden layers, from the data inwards; the decoder has them in reverse.
    ///   - latent: values in a latent vector.
    ///   - activation: after every hidden layer.
    ///   - likelihood: p(x|z).
    public init(
      input: Int, hidden: [Int], latent: Int, activation: Activation = .relu, likelihood: Likelihood = .bernoulli
    ) {
      let layers = hidden.map { Layer($0, activation) }
      self.init(
        inputDimension: input, latentDimension: latent, encoder: layers, decoder: layers.reversed(),
        likelihood: likelihood)
    }

    /// A model whose decoder mirrors its encoder, with a prior of its own.
    ///
    /// - Parameters:
    ///   - input: values in a row of data.
    ///   - hidden: units of the encoder's hidden layers, from the data inwards; the decoder has them in reverse.
    ///   - latent: values in a latent vector.
    ///   - activation: after every hidden layer.
    ///   - likelihood: p(x|z).
    ///   - prior: p(z).
    public init(
      input: Int, hidden: [Int], latent: Int, activation: Activation = .relu, likelihood: Likelihood = .bernoulli,
      prior: Prior
    ) {
      self.init(input: input, hidden: hidden, latent: latent, activation: activation, likelihood: likelihood)
      self.prior = prior
    }

    /// A conditional model whose decoder mirrors its encoder.
    ///
    /// - Parameters:
    ///   - input: values in a row of data.
    ///   - condition: values in a row of the condition, or the classes of its labels.
    ///   - hidden: units of the encoder's hidden layers, from the data inwards; the decoder has them in reverse.
    ///   - latent: values in a latent vector.
    ///   - activation: after every hidden layer.
    ///   - likelihood: p(x|z, c).
    ///   - prior: p(z), or p(z|c) with ``VAE/Prior/conditional(_:)``.
    public init(
      input: Int, condition: Int, hidden: [Int], latent: Int, activation: Activation = .relu,
      likelihood: Likelihood = .bernoulli, prior: Prior = .standard
    ) {
      self.init(input: input, hidden: hidden, latent: latent, activation: activation, likelihood: likelihood)
      conditionDimension = condition
      self.prior = prior
    }
  }

  /// A hidden dense layer.
  public struct Layer: Sendable, Hashable {
    /// Its outputs, 1 to 2^24.
    public var units: Int

    /// What follows it.
    public var activation: Activation

    /// A layer of `units` outputs followed by `activation`.
    public init(_ units: Int, _ activation: Activation = .relu) {
      self.units = units
      self.activation = activation
    }
  }
}

extension VAE.Configuration {
  init(_ config: vae_config) {
    self.init(
      inputDimension: Int(config.input_dim), latentDimension: Int(config.latent_dim),
      encoder: Self.layers(config.encoder, config.encoder_count),
      decoder: Self.layers(config.decoder, config.decoder_count),
      likelihood: VAE.Likelihood(
        kind: VAE.Likelihood.Kind(number: config.likelihood),
        sigmaKind: VAE.Likelihood.SigmaKind(number: config.sigma_kind), sigma: config.sigma,
        outputActivation: VAE.Activation(number: config.output_activation),
        groups: UnsafeBufferPointer(start: config.groups, count: Int(config.group_count)).map { Int($0) }),
      prior: VAE.Prior(
        kind: VAE.Prior.Kind(number: config.prior), layers: Self.layers(config.prior_net, config.prior_net_count),
        components: Int(config.prior_components)))
    conditionDimension = Int(config.condition_dim)
  }

  func withConfig<R>(
    _ body: (UnsafePointer<vae_config>) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    var config = vae_config()
    vae_config_init(&config)
    config.input_dim = try cSize(inputDimension, "inputDimension")
    config.latent_dim = try cSize(latentDimension, "latentDimension")
    config.condition_dim = try cSize(conditionDimension, "conditionDimension")
    config.prior = prior.kind.number
    config.prior_components = try cSize(prior.components, "the prior's components")
    config.likelihood = likelihood.kind.number
    config.sigma_kind = likelihood.sigmaKind.number
    config.sigma = likelihood.sigma
    config.output_activation = likelihood.outputActivation.number
    let encoder = try Self.cLayers(encoder, "encoder")
    let decoder = try Self.cLayers(decoder, "decoder")
    let priorNet = try Self.cLayers(prior.layers, "prior")
    var groups: [UInt32] = []
    for columns in likelihood.groups { groups.append(try cSize(columns, "the columns of a group")) }
    return try encoder.withUnsafeBufferPointer { encoder throws(VAEError) in
      try decoder.withUnsafeBufferPointer { decoder throws(VAEError) in
        config.encoder = encoder.baseAddress
        config.encoder_count = try cSize(encoder.count, "the number of encoder layers")
        config.decoder = decoder.baseAddress
        config.decoder_count = try cSize(decoder.count, "the number of decoder layers")
        return try priorNet.withUnsafeBufferPointer { layers throws(VAEError) in
          config.prior_net = layers.baseAddress
          config.prior_net_count = try cSize(layers.count, "the number of the prior's layers")
          return try groups.withUnsafeBufferPointer { groups throws(VAEError) in
            config.groups = groups.baseAddress
            config.group_count = try cSize(groups.count, "the number of groups")
            return try body(&config)
          }
        }
      }
    }
  }

  private static func cLayers(_ layers: [VAE.Layer], _ what: String) throws(VAEError) -> [vae_layer] {
    var result: [vae_layer] = []
    for layer in layers {
      var cLayer = vae_layer()
      vae_layer_init(&cLayer)
      cLayer.units = try cSize(layer.units, "the units of a layer of the \(what)")
      cLayer.activation = layer.activation.number
      result.append(cLayer)
    }
    return result
  }

  private static func layers(_ first: UnsafePointer<vae_layer>?, _ count: UInt32) -> [VAE.Layer] {
    guard let first, count > 0 else { return [] }
    // A library newer than these headers may have longer elements than Swift knows.
    let stride = Int(first.pointee.struct_size)
    return (0..<Int(count)).map { index in
      let layer = UnsafeRawPointer(first).load(fromByteOffset: index * stride, as: vae_layer.self)
      return VAE.Layer(Int(layer.units), VAE.Activation(number: layer.activation))
    }
  }
}
