internal import CLibVAE

extension VAE {
  /// A published or widely used model by its name: a configuration and the way that it is trained.
  ///
  /// ```swift
  /// guard let preset = VAE.Preset("kingma-mlp") else { return }
  /// let model = try VAE(preset.configuration)
  /// try await Trainer(model, configuration: preset.training).fit(digits, epochs: preset.epochs)
  /// ```
  public struct Preset: Sendable, Hashable {
    /// Such as `"kingma-mlp"`.
    public let name: String

    /// The paper or program that it is from.
    public let source: String

    /// What it stands for, and where it differs from its source.
    public let summary: String

    /// The epochs that its source trains for, or a sensible number.
    public let epochs: Int

    /// The model: for images of 28 × 28 where the source has them. Set ``VAE/Configuration/inputDimension`` for other data.
    public let configuration: Configuration

    /// Mini-batches, objective and optimiser.
    public let training: TrainingConfiguration
  }
}

extension VAE.Preset: CaseIterable, LosslessStringConvertible {
  /// Every preset of the linked library, in the order in which programs list them.
  public static var allCases: [VAE.Preset] {
    (0..<vae_preset_count()).compactMap { vae_preset_name($0) }.compactMap { VAE.Preset(String(cString: $0)) }
  }

  /// The name.
  public var description: String { name }

  /// The preset of that name, nil where there is none.
  public init?(_ description: String) {
    var info = vae_preset_info()
    vae_preset_info_init(&info)
    var config = vae_config()
    vae_config_init(&config)
    var training = vae_training()
    vae_training_init(&training)
    guard vae_preset_get(description, &info, &config, &training, nil) == Int32(VAE_OK) else { return nil }
    self.init(
      name: info.name.map { String(cString: $0) } ?? description,
      source: info.source.map { String(cString: $0) } ?? "",
      summary: info.summary.map { String(cString: $0) } ?? "",
      epochs: Int(info.epochs), configuration: VAE.Configuration(config), training: TrainingConfiguration(training))
  }
}
