// The JSON of model files: the same keys, names and defaults, and an unknown key is an error.

extension VAE.Configuration: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case inputDimension = "input_dim"
    case conditionDimension = "condition_dim"
    case latentDimension = "latent_dim"
    case encoder, decoder, prior
    case priorNet = "prior_net"
    case priorComponents = "prior_components"
    case likelihood, sigma
    case outputActivation = "output_activation"
    case groups
  }

  /// Reads the keys `input_dim`, `latent_dim`, `encoder`, `decoder`, `likelihood` and, where they are there,
  /// `condition_dim`, `prior`, `prior_net`, `prior_components`, `sigma`, `output_activation` and `groups`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(Key.self)
    let outputActivation: VAE.Activation? = try container.named(.outputActivation)
    // A number, or the name of a learned scale.
    let learned = try? container.decode(String.self, forKey: .sigma)
    let sigmaKind: VAE.Likelihood.SigmaKind = learned == nil ? .fixed : try container.required(.sigma)
    if learned != nil, sigmaKind == .fixed { throw container.error(.sigma, "a fixed sigma is written as its number") }
    self.init(
      inputDimension: try container.decode(Int.self, forKey: .inputDimension),
      latentDimension: try container.decode(Int.self, forKey: .latentDimension),
      encoder: try container.decode([VAE.Layer].self, forKey: .encoder),
      decoder: try container.decode([VAE.Layer].self, forKey: .decoder),
      likelihood: VAE.Likelihood(
        kind: try container.required(.likelihood),
        sigmaKind: sigmaKind,
        sigma: learned == nil ? try container.decodeIfPresent(Double.self, forKey: .sigma) ?? 1 : 1,
        outputActivation: outputActivation ?? .identity,
        groups: try container.decodeIfPresent([Int].self, forKey: .groups) ?? []),
      prior: VAE.Prior(
        kind: try container.named(.prior) ?? .standard,
        layers: try container.decodeIfPresent([VAE.Layer].self, forKey: .priorNet) ?? [],
        components: try container.whole(.priorComponents)))
    conditionDimension = try container.whole(.conditionDimension)
  }

  /// Writes the keys of a model file's `libvae.config`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(inputDimension, forKey: .inputDimension)
    try container.encode(conditionDimension, forKey: .conditionDimension)
    try container.encode(latentDimension, forKey: .latentDimension)
    try container.encode(self.encoder, forKey: .encoder)
    try container.encode(decoder, forKey: .decoder)
    try container.encode(prior.kind.description, forKey: .prior)
    try container.encode(prior.layers, forKey: .priorNet)
    if prior.components != 0 { try container.encode(prior.components, forKey: .priorComponents) }
    try container.encode(likelihood.kind.description, forKey: .likelihood)
    if likelihood.sigmaKind == .fixed {
      try container.encode(likelihood.sigma, forKey: .sigma)
    } else {
      try container.encode(likelihood.sigmaKind.description, forKey: .sigma)
    }
    try container.encode(likelihood.outputActivation.description, forKey: .outputActivation)
    if !likelihood.groups.isEmpty { try container.encode(likelihood.groups, forKey: .groups) }
  }
}

extension VAE.Layer: Codable {
  private enum Key: String, CodingKey, CaseIterable { case units, activation }

  /// Reads `{"units": 400, "activation": "relu"}`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(Key.self)
    self.init(try container.decode(Int.self, forKey: .units), try container.required(.activation))
  }

  /// Writes `{"units": 400, "activation": "relu"}`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(units, forKey: .units)
    try container.encode(activation.description, forKey: .activation)
  }
}

extension TrainingConfiguration: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case objective, samples, beta
    case batchSize = "batch_size"
    case optimizer
    case learningRate = "learning_rate"
    case beta1, beta2, epsilon, seed, precision, binarization
    case rateSchedule = "rate_schedule"
    case rateDecay = "rate_decay"
    case rateEpochs = "rate_epochs"
    case rateFloor = "rate_floor"
    case rateMilestones = "rate_milestones"
    case warmUp = "warm_up"
    case warmUpEpochs = "warm_up_epochs"
    case warmUpShare = "warm_up_share"
    case warmUpCycles = "warm_up_cycles"
    case weightDecay = "weight_decay"
    case clipNorm = "clip_norm"
    case patience
    case estimator
    case freeBits = "free_bits"
    case capacity
    case capacityWeight = "capacity_weight"
    case capacityEpochs = "capacity_epochs"
    case regularizer, projections
    case regularizerWeight = "regularizer_weight"
    case regularizerDiagonal = "regularizer_diagonal"
    case kernelScale = "kernel_scale"
    case dataRows = "data_rows"
    case dropout
  }

  /// Reads the keys of `training` in a model file, which must all be there up to the seed; what is missing behind it is
  /// float32, none or 0. Threads, instruction set, ``keepsGradients`` and ``precisionFallback`` are not among them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(Key.self)
    let weightDecay = try container.number(.weightDecay)
    let optimizer = weightDecay > 0 ? "adamw" : "adam"
    guard try container.decode(String.self, forKey: .optimizer) == optimizer else {
      throw container.error(.optimizer, "it must be \"\(optimizer)\" with a weight_decay of \(weightDecay)")
    }
    self.init(
      batchSize: try container.decode(Int.self, forKey: .batchSize), objective: try Self.objective(container),
      learningRate: try container.decode(Double.self, forKey: .learningRate),
      beta1: try container.decode(Double.self, forKey: .beta1),
      beta2: try container.decode(Double.self, forKey: .beta2),
      epsilon: try container.decode(Double.self, forKey: .epsilon),
      seed: try container.decode(UInt64.self, forKey: .seed),
      precision: try container.named(.precision) ?? .float32,
      schedule: LearningRateSchedule(
        kind: try container.named(.rateSchedule) ?? .constant, decay: try container.number(.rateDecay),
        epochs: try container.number(.rateEpochs), floor: try container.number(.rateFloor),
        milestones: try container.decodeIfPresent([Int].self, forKey: .rateMilestones) ?? []),
      warmUp: WarmUp(
        kind: try container.named(.warmUp) ?? .none, epochs: try container.number(.warmUpEpochs),
        cycles: try container.whole(.warmUpCycles),
        share: try container.number(.warmUpShare)),
      weightDecay: weightDecay, clipNorm: try container.number(.clipNorm),
      patience: try container.whole(.patience))
    capacityEpochs = try container.number(.capacityEpochs)
    dropout = try container.number(.dropout)
  }

  private static func objective(_ container: KeyedDecodingContainer<Key>) throws -> VAE.Objective {
    let regularizer = VAE.Objective.Regularizer(
      kind: try container.named(.regularizer) ?? .none, weight: try container.number(.regularizerWeight),
      diagonalWeight: try container.number(.regularizerDiagonal),
      kernelScale: try container.decodeIfPresent(Double.self, forKey: .kernelScale),
      projections: try container.decodeIfPresent(Int.self, forKey: .projections),
      dataRows: try container.decodeIfPresent(Int.self, forKey: .dataRows))
    return VAE.Objective(
      kind: try container.required(.objective), samples: try container.decode(Int.self, forKey: .samples),
      beta: try container.decode(Double.self, forKey: .beta),
      estimator: try container.named(.estimator) ?? .plain
    )
    .binarized(try container.named(.binarization) ?? .none)
    .withFreeBits(try container.number(.freeBits))
    .withCapacity(try container.number(.capacity), weight: try container.number(.capacityWeight))
    .regularized(by: regularizer)
  }

  /// Writes the keys of `training` in a model file.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(objective.kind.description, forKey: .objective)
    try container.encode(objective.samples, forKey: .samples)
    try container.encode(objective.beta, forKey: .beta)
    try container.encode(batchSize, forKey: .batchSize)
    try container.encode(weightDecay > 0 ? "adamw" : "adam", forKey: .optimizer)
    try container.encode(learningRate, forKey: .learningRate)
    try container.encode(beta1, forKey: .beta1)
    try container.encode(beta2, forKey: .beta2)
    try container.encode(epsilon, forKey: .epsilon)
    try container.encode(seed, forKey: .seed)
    if precision != .float32 { try container.encode(precision.description, forKey: .precision) }
    if objective.binarization != .none {
      try container.encode(objective.binarization.description, forKey: .binarization)
    }
    if schedule.kind != .constant { try container.encode(schedule.kind.description, forKey: .rateSchedule) }
    if warmUp.kind != .none { try container.encode(warmUp.kind.description, forKey: .warmUp) }
    let numbers: [(Double, Key)] = [
      (schedule.decay, .rateDecay), (schedule.epochs, .rateEpochs), (schedule.floor, .rateFloor),
      (warmUp.epochs, .warmUpEpochs), (warmUp.share, .warmUpShare), (weightDecay, .weightDecay), (clipNorm, .clipNorm),
      (objective.freeBits, .freeBits), (objective.capacity, .capacity), (objective.capacityWeight, .capacityWeight),
      (capacityEpochs, .capacityEpochs), (dropout, .dropout),
    ]
    for (number, key) in numbers where number != 0 { try container.encode(number, forKey: key) }
    if !schedule.milestones.isEmpty { try container.encode(schedule.milestones, forKey: .rateMilestones) }
    if warmUp.cycles != 0 { try container.encode(warmUp.cycles, forKey: .warmUpCycles) }
    if patience != 0 { try container.encode(patience, forKey: .patience) }
    if objective.estimator != .plain { try container.encode(objective.estimator.description, forKey: .estimator) }
    try encode(objective.regularizer, to: &container)
  }

  private func encode(
    _ regularizer: VAE.Objective.Regularizer, to container: inout KeyedEncodingContainer<Key>
  ) throws {
    if regularizer.kind != .none { try container.encode(regularizer.kind.description, forKey: .regularizer) }
    if regularizer.weight != 0 { try container.encode(regularizer.weight, forKey: .regularizerWeight) }
    if regularizer.diagonalWeight != 0 {
      try container.encode(regularizer.diagonalWeight, forKey: .regularizerDiagonal)
    }
    try container.encodeIfPresent(regularizer.kernelScale, forKey: .kernelScale)
    try container.encodeIfPresent(regularizer.projections, forKey: .projections)
    try container.encodeIfPresent(regularizer.dataRows, forKey: .dataRows)
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// A container that has no other keys than those of `Key`.
  fileprivate func strictContainer<Key: CodingKey & CaseIterable>(
    _ type: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    let known = Key.allCases.map(\.stringValue)
    for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      let message = "\"\(key.stringValue)\" is no key here; allowed are \(known.joined(separator: ", "))"
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath + [key], debugDescription: message))
    }
    return try container(keyedBy: type)
  }
}

extension KeyedDecodingContainer {
  /// A value that is written as its name; nil where the key is missing.
  fileprivate func named<T: LosslessStringConvertible & CaseIterable>(_ key: Key) throws -> T? {
    try contains(key) ? required(key) : nil
  }

  /// A number; 0 where the key is missing.
  fileprivate func number(_ key: Key) throws -> Double { try decodeIfPresent(Double.self, forKey: key) ?? 0 }

  /// A whole number; 0 where the key is missing.
  fileprivate func whole(_ key: Key) throws -> Int { try decodeIfPresent(Int.self, forKey: key) ?? 0 }

  /// A value that is written as its name.
  fileprivate func required<T: LosslessStringConvertible & CaseIterable>(_ key: Key) throws -> T {
    let name = try decode(String.self, forKey: key)
    guard let value = T(name) else {
      throw error(key, "\"\(name)\" is unknown; allowed are \(T.allCases.map(\.description).joined(separator: ", "))")
    }
    return value
  }

  fileprivate func error(_ key: Key, _ message: String) -> DecodingError {
    DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: message)
  }
}
