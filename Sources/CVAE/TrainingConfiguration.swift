internal import CLibVAE

/// How a model is trained: mini-batches, objective and the constants of Adam (Kingma & Ba 2015).
///
/// A configuration is a plain value. It is checked when a ``Trainer`` is made of it. Model files keep it, but for
/// ``threads``, ``instructionSet``, ``keepsGradients`` and ``precisionFallback``.
public struct TrainingConfiguration: Sendable, Hashable {
  /// Rows of a mini-batch, 1 to 2^20. The last one of an epoch may be smaller.
  public var batchSize: Int

  /// What is minimised.
  public var objective: VAE.Objective

  /// Adam's alpha, over 0 and at most 1000.
  public var learningRate: Double

  /// The decay of Adam's first moment, in [0, 1).
  public var beta1: Double

  /// The decay of Adam's second moment, in [0, 1).
  public var beta2: Double

  /// What Adam adds to the root of the second moment, over 0.
  public var epsilon: Double

  /// The seed of shuffling and noise. Equal seeds give equal bits, whatever the number of threads.
  public var seed: UInt64

  /// Threads to train on. 0 means the environment variable `VAE_THREADS`, else `OMP_NUM_THREADS`, else the processors
  /// that the process may use.
  public var threads: Int

  /// The kernels to use.
  public var instructionSet: InstructionSet

  /// Whether every step leaves its gradients for ``Trainer/gradient(named:)``, which makes it a little slower.
  public var keepsGradients: Bool

  /// What matrix products are computed in. ``Precision/bfloat16`` is faster and needs AVX512_BF16, or FEAT_BF16 on AArch64
  /// Linux; parameters, sums and Adam stay float32.
  public var precision: Precision

  /// Whether to train in float32 where ``precision`` cannot be had, instead of an error; ``Trainer/Info/precision`` says
  /// which it is.
  public var precisionFallback: Bool

  /// How ``learningRate`` changes in the course of a run.
  public var schedule: LearningRateSchedule

  /// How the objective's beta comes into force; not for the importance-weighted bound.
  public var warmUp: WarmUp

  /// AdamW's decay (Loshchilov & Hutter 2019): a step takes the learning rate times this of every weight, and nothing
  /// of biases. 0 is Adam.
  public var weightDecay: Double

  /// The most that the L2 norm of all gradients together may be; where it is over this, they are scaled down to it. 0:
  /// no limit.
  public var clipNorm: Double

  /// Early stopping: ``Trainer/fit(_:epochs:validation:onProgress:)`` and its kin end after so many epochs without a
  /// lower loss on the validation data, and leave the model and the trainer in the best state. 0: all epochs are run,
  /// and the last state is kept.
  public var patience: Int

  /// The epochs after which the objective's ``VAE/Objective/capacity`` is reached, rising linearly from 0; 0: from the start.
  public var capacityEpochs: Double

  /// The probability that an output of a hidden layer of encoder and decoder is zero in a step of training, 0 to 0.95; the others
  /// are divided by what is left of 1 (Srivastava et al. 2014). Evaluation drops nothing.
  public var dropout: Double

  /// The defaults: batches of 128, the evidence lower bound, Adam with 1e-3, 0.9, 0.999 and 1e-8, seed 0, float32.
  public init(
    batchSize: Int? = nil, objective: VAE.Objective? = nil, learningRate: Double? = nil, beta1: Double? = nil,
    beta2: Double? = nil, epsilon: Double? = nil, seed: UInt64 = 0, threads: Int = 0,
    instructionSet: InstructionSet = .automatic, keepsGradients: Bool = false,
    precision: Precision = .float32, precisionFallback: Bool = false,
    schedule: LearningRateSchedule = .constant, warmUp: WarmUp = .none, weightDecay: Double = 0, clipNorm: Double = 0,
    patience: Int = 0
  ) {
    var defaults = vae_training()
    vae_training_init(&defaults)
    self.init(defaults)
    if let batchSize { self.batchSize = batchSize }
    if let objective { self.objective = objective }
    if let learningRate { self.learningRate = learningRate }
    if let beta1 { self.beta1 = beta1 }
    if let beta2 { self.beta2 = beta2 }
    if let epsilon { self.epsilon = epsilon }
    self.seed = seed
    self.threads = threads
    self.instructionSet = instructionSet
    self.keepsGradients = keepsGradients
    self.precision = precision
    self.precisionFallback = precisionFallback
    self.schedule = schedule
    self.warmUp = warmUp
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.patience = patience
  }
}

extension TrainingConfiguration {
  init(_ training: vae_training) {
    batchSize = Int(training.batch_size)
    objective = VAE.Objective(training.objective)
    learningRate = training.learning_rate
    beta1 = training.beta1
    beta2 = training.beta2
    epsilon = training.epsilon
    seed = training.seed
    threads = Int(training.threads)
    instructionSet = InstructionSet(rawValue: training.isa)
    keepsGradients = training.keep_gradients != 0
    precision = Precision(rawValue: training.precision)
    precisionFallback = training.precision_fallback != 0
    schedule = LearningRateSchedule(training)
    warmUp = WarmUp(training)
    weightDecay = training.weight_decay
    clipNorm = training.clip_norm
    patience = Int(training.patience)
    capacityEpochs = training.capacity_epochs
    dropout = training.dropout
  }

  func cTraining() throws(VAEError) -> vae_training {
    var training = vae_training()
    vae_training_init(&training)
    training.batch_size = try cSize(batchSize, "batchSize")
    training.objective = try objective.cObjective()
    training.learning_rate = learningRate
    training.beta1 = beta1
    training.beta2 = beta2
    training.epsilon = epsilon
    training.seed = seed
    training.threads = try cSize(threads, "threads")
    training.isa = instructionSet.rawValue
    training.keep_gradients = keepsGradients ? 1 : 0
    training.precision = precision.rawValue
    training.precision_fallback = precisionFallback ? 1 : 0
    try schedule.put(into: &training)
    try warmUp.put(into: &training)
    training.weight_decay = weightDecay
    training.clip_norm = clipNorm
    training.patience = try cSize(patience, "patience")
    training.capacity_epochs = capacityEpochs
    training.dropout = dropout
    return training
  }
}
