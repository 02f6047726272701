/// The options of `vae-cli train`.
enum TrainOptions {
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
  static let likelihood = Option<String>.choice(
    "likelihood",
    ["bernoulli", "gaussian", "continuous_bernoulli", "laplace", "log_cosh", "poisson", "categorical"],
    default: "bernoulli",
    help: "of the data given a code: bernoulli and continuous_bernoulli for values from 0 to 1; gaussian, laplace and "
      + "log_cosh for any numbers (the last two are moved less by outliers); poisson for counts; categorical for "
      + "--groups of columns with a single 1 in each")
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
    help: "of the location of a gaussian, laplace or log_cosh likelihood; the same names as for --activation")
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
  static let seed = Option<UInt64>.seed(
    "seed", help: "seed of initial weights, shuffling, noise and the held-out rows; the same seed gives the same model")
  static let precision = Option<String>.choice(
    "precision", ["float32", "bf16", "bf16-or-float32"], default: "float32",
    help: "of matrix products. bf16 is faster and needs a processor with AVX512_BF16; where there is none, "
      + "bf16-or-float32 trains in float32: {}")
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
      "The model", [hidden, encoder, decoder, latent, activation, likelihood, sigma, outputActivation, groups]),
    OptionGroup(
      "What is minimised", [Shared.objective, Shared.samples, Shared.beta]),
    OptionGroup(
      "Training",
      [
        epochs, batch, learningRate, adamBeta1, adamBeta2, adamEpsilon, seed, precision, Shared.threads, validation,
        Shared.scale,
      ]),
    OptionGroup(
      "Files and messages",
      [out, pictures, Shared.shape, log, checkpoint, resume, Shared.quiet, Shared.json]),
  ]

  /// What a checkpoint already says, so that it cannot be given beside `--resume`.
  static let fixedByCheckpoint: [any AnyOption] = [
    hidden, encoder, decoder, latent, activation, likelihood, sigma, outputActivation, groups, Shared.objective,
    Shared.samples, Shared.beta, batch, learningRate, adamBeta1, adamBeta2, adamEpsilon, seed,
  ]
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
