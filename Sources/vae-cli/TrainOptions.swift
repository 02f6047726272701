import CVAE

/// The options of `vae-cli train`.
enum TrainOptions {
  static let preset = Option<VAE.Preset?>(
    "preset", form: "NAME", default: nil, shown: "none", choices: VAE.Preset.allCases.map(\.name),
    help:
      "a published or widely used model by its name, which vae-cli presets lists: the defaults of all other options "
      + "of the model, of what is minimised and of the training are then its own"
  ) { text throws(BadValue) in
    guard let preset = VAE.Preset(text) else {
      throw BadValue(allowed: "one of " + VAE.Preset.allCases.map(\.name).joined(separator: ", "))
    }
    return preset
  }
  static let hidden = Option<[Int]?>.layers(
    "hidden", shown: "400",
    help: "units of the hidden layers; 400,200 means an encoder 400,200 and a decoder 200,400; none: a linear model")
  static let encoder = Option<[Int]?>.layers("encoder", shown: "--hidden", help: "hidden layers of the encoder alone")
  static let decoder = Option<[Int]?>.layers(
    "decoder", shown: "--hidden backwards", help: "hidden layers of the decoder alone")
  static let latent = Option<Int>.count(
    "latent", "N", 1...65536, default: 20, help: "latent dimensions: numbers in the code of an example")
  static let activation = Option<String>.choice(
    "activation", activations, default: "relu", help: "after every hidden layer: {}")
  static let decoderActivation = Option<String>.choice(
    "decoder-activation", activations, default: "", shown: "--activation",
    help: "after every hidden layer of the decoder; the same names")
  static let likelihood = Option<String>.choice(
    "likelihood",
    [
      "bernoulli", "gaussian", "continuous_bernoulli", "laplace", "log_cosh", "student_t", "poisson",
      "negative_binomial", "categorical",
    ],
    default: "bernoulli",
    help: "of the data given a code: bernoulli and continuous_bernoulli for values from 0 to 1; gaussian, laplace, "
      + "log_cosh and student_t for any numbers (the last three are moved less by outliers); poisson and "
      + "negative_binomial for counts (the second where they vary more); categorical for --groups of columns with a "
      + "single 1 in each")
  static let sigma = Option<Sigma>(
    "sigma", form: "X|NAME", default: .fixed(1), shown: "1",
    help: "scale of the gaussian (its standard deviation), laplace and log_cosh likelihoods, in units of the data: a "
      + "number; global: one that is learned; per_output: learned for each value by a second head of the decoder"
  ) { text throws(BadValue) in
    if text == "global" || text == "per_output" { return .learned(text) }
    let range = NumberRange(1e-4...1e4)
    guard let number = Double(text), range.contains(number) else {
      throw BadValue(allowed: "a number \(range), global or per_output")
    }
    return .fixed(number)
  }
  static let outputActivation = Option<String>.choice(
    "output-activation", activations, default: "identity",
    help: "of the location of a gaussian, laplace, log_cosh or student_t likelihood; the same names as for --activation"
  )
  static let groups = Option<[Int]?>.layers(
    "groups", shown: "none",
    help: "columns of each variable of a categorical likelihood, one after the other: 3,2 for rows of five columns")

  static let epochs = Option<Int>.count(
    "epochs", "N", 1...1_000_000, default: 10, help: "passes over the data; with --resume, those already done included")
  static let batch = Option<Int>.count("batch", "N", 1...(1 << 20), default: 128, help: "examples in a mini-batch")
  static let learningRate = Option<Double>.number(
    "learning-rate", NumberRange(0...1e3, includesLower: false), default: 1e-3, help: "Adam's step size")
  static let adamBeta1 = Option<Double>.number(
    "adam-beta1", NumberRange(0...1, includesUpper: false), default: 0.9, help: "decay of Adam's first moment")
  static let adamBeta2 = Option<Double>.number(
    "adam-beta2", NumberRange(0...1, includesUpper: false), default: 0.999, help: "decay of Adam's second moment")
  static let adamEpsilon = Option<Double>.number(
    "adam-epsilon", NumberRange(1e-30...1), default: 1e-8, help: "Adam's epsilon, outside the root")
  static let weightDecay = Option<Double>.number(
    "weight-decay", NumberRange(0...1e3), default: 0,
    help: "AdamW: a step takes the learning rate times this of every weight; biases do not decay")
  static let clipNorm = Option<Double?>.number(
    "clip-norm", NumberRange(1e-30...1e30), shown: "no limit",
    help: "the most that the norm of the gradient may be; above it, the gradient is scaled down")
  static let schedule = Option<String>.choice(
    "schedule", ["constant", "exponential", "cosine", "steps", "burda"], default: "constant",
    help: "of the learning rate over the epochs; burda: times 10^(-i/7) for 3^i epochs, i = 0 to 7: {}")
  static let scheduleDecay = Option<Double?>.number(
    "schedule-decay", NumberRange(0...1, includesLower: false), shown: "none",
    help: "what the rate is multiplied by in every epoch (exponential) or at every milestone (steps, by default 0.1)")
  static let scheduleEpochs = Option<Double?>.number(
    "schedule-epochs", NumberRange(0...1e9, includesLower: false), shown: "--epochs",
    help: "how long the rate falls along half a cosine (cosine)")
  static let scheduleFloor = Option<Double>.number(
    "schedule-floor", NumberRange(0...1e3), default: 0, help: "what it falls to (cosine)")
  static let milestones = Option<[Int]>.milestones("milestones", help: "epochs after which the rate falls (steps)")
  static let patience = Option<Int>.count(
    "patience", "N", 0...1_000_000, default: 0, shown: "all epochs are run",
    help:
      "early stopping: end after N epochs without a lower held-out loss; model and checkpoint are those of the best "
      + "epoch, from which --resume goes on")
  static let warmUp = Option<String>.choice(
    "warm-up", ["none", "linear", "cyclic"], default: "none",
    help:
      "of the KL term's weight from 0 to --beta; what is held out is measured with the whole beta; only for elbo: {}")
  static let warmUpEpochs = Option<Double?>.number(
    "warm-up-epochs", NumberRange(0...1e9, includesLower: false), shown: "half of --epochs",
    help: "how long the warm-up takes, all cycles together")
  static let warmUpCycles = Option<Int>.count(
    "warm-up-cycles", "N", 1...(1 << 20), default: 4, help: "how often the weight rises from 0 (cyclic)")
  static let warmUpShare = Option<Double>.number(
    "warm-up-share", NumberRange(0...1, includesLower: false), default: 0.5,
    help: "the part of a cycle in which it rises (cyclic)")
  static let dropout = Option<Double>.number(
    "dropout", NumberRange(0...0.95), default: 0,
    help: "the part of the outputs of every hidden layer that a step leaves out, drawn anew in each")
  static let seed = Option<UInt64>.seed(
    "seed", help: "seed of initial weights, shuffling, noise and the held-out rows; the same seed gives the same model")
  static let precision = Option<String>.choice(
    "precision", ["float32", "bf16", "bf16-or-float32"], default: "float32",
    help: "of matrix products. bf16 is faster and needs a processor with AVX512_BF16 or FEAT_BF16; where "
      + "there is none, bf16-or-float32 trains in float32: {}")
  static let validation = Option<Validation?>(
    "validation", form: "X|FILE", default: nil, shown: "0.1; for digits the held-out part",
    help: "what is held out to watch the training: a part of the rows drawn by the seed, 0 for none, or other data"
  ) { text throws(BadValue) in
    guard let fraction = Double(text) else {
      guard !text.isEmpty else { throw BadValue(allowed: "a number of at least 0 and under 1, or data") }
      return .data(text)
    }
    guard fraction >= 0, fraction < 1 else { throw BadValue(allowed: "a number of at least 0 and under 1, or data") }
    return .fraction(fraction)
  }

  static let out = Option<String?>.path(
    "out", "FILE", shown: defaultModel, help: "the model, a .safetensors file; - is standard output")
  static let pictures = Option<String?>.path(
    "pictures", "DIR", shown: "none",
    help: "write samples.png, reconstructions.png and latent-grid.png into this folder, which is made if missing")
  static let log = Option<String?>.path(
    "log", "FILE.jsonl", shown: "none", help: "write a line of JSON per epoch; with --resume, added to what is there")
  static let checkpoint = Option<String?>.path(
    "checkpoint", "FILE", shown: "none",
    help: "save the state of the run at the end of every epoch, to continue it later")
  static let resume = Option<String?>.path(
    "resume", "FILE", shown: "none", help: "continue a run from its checkpoint, to the bit, on the same data")

  /// What `train` writes where `--out` is not given.
  static let defaultModel = "model.safetensors"

  private static let activations = [
    "identity", "relu", "leaky_relu", "tanh", "sigmoid", "elu", "silu", "gelu", "softplus",
  ]

  static let optionGroups = [
    OptionGroup(
      "The model",
      [
        preset, hidden, encoder, decoder, latent, activation, decoderActivation, likelihood, sigma, outputActivation,
        groups,
      ] + PriorOptions.all),
    OptionGroup(
      "The condition",
      [
        ConditionOptions.condition, ConditionOptions.kind, ConditionOptions.classes, ConditionOptions.validation,
        ConditionOptions.observed,
      ]),
    OptionGroup(
      "What is minimised",
      [
        Shared.objective, Shared.samples, Shared.beta, warmUp, warmUpEpochs, warmUpCycles, warmUpShare, Shared.binarize,
      ] + ObjectiveOptions.all),
    OptionGroup(
      "Training",
      [
        epochs, patience, batch, learningRate, schedule, scheduleDecay, scheduleEpochs, scheduleFloor, milestones,
        adamBeta1,
        adamBeta2, adamEpsilon, weightDecay, clipNorm, dropout, seed, precision, Shared.threads, validation,
        Shared.scale,
      ]),
    OptionGroup(
      "Files and messages",
      [out, pictures, Shared.shape, log, checkpoint, resume, Shared.quiet, Shared.json]),
  ]

  /// What a checkpoint already says, so that it cannot be given beside `--resume`.
  static let fixedByCheckpoint: [any AnyOption] =
    [
      preset, hidden, encoder, decoder, latent, activation, decoderActivation, likelihood, sigma, outputActivation,
      groups, Shared.objective,
      Shared.samples, Shared.beta, Shared.binarize, warmUp, warmUpEpochs, warmUpCycles, warmUpShare, batch,
      learningRate,
      schedule,
      scheduleDecay, scheduleEpochs, scheduleFloor, milestones, adamBeta1, adamBeta2, adamEpsilon, weightDecay,
      clipNorm,
      patience, dropout, seed, ConditionOptions.classes,
    ] + PriorOptions.all + ObjectiveOptions.all

  /// The likelihoods with a location and a sigma.
  private static let located = ["gaussian", "laplace", "log_cosh"]

  /// Options that say more of a word of another one, with the words that they go with.
  static let details: [(option: any AnyOption, of: Option<String>, words: [String])] =
    [
      (sigma, likelihood, located), (outputActivation, likelihood, located + ["student_t"]),
      (groups, likelihood, ["categorical"]),
      (scheduleDecay, schedule, ["exponential", "steps"]), (scheduleEpochs, schedule, ["cosine"]),
      (scheduleFloor, schedule, ["cosine"]), (milestones, schedule, ["steps"]),
      (warmUpEpochs, warmUp, ["linear", "cyclic"]), (warmUpCycles, warmUp, ["cyclic"]),
      (warmUpShare, warmUp, ["cyclic"]),
    ] + PriorOptions.details + ObjectiveOptions.details
}

/// What `--sigma` says.
enum Sigma: Sendable, Equatable {
  case fixed(Double)
  /// The name of a learned scale.
  case learned(String)
}

/// What `--validation` says.
enum Validation: Sendable, Equatable {
  /// A part of the rows; 0 for none.
  case fraction(Double)
  /// Data of its own.
  case data(String)
}
