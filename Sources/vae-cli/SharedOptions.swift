import CVAE
import VAEData

/// Options and operands that several commands have, with one meaning.
enum Shared {
  static let model = Operand(name: "MODEL", help: "a model that vae-cli train has written (.safetensors)")

  static let data = Operand(
    name: "DATA",
    help: "digits (bundled), an IDX file (plain or .gz), a .npy (float32, float64, uint8) or a .csv (plain or .gz); "
      + "one row or image is one example. digits means the held-out part, as does digits:test; digits:train is the "
      + "other"
  )

  static let threads = Option<Int?>.count(
    "threads", "N", 1...1024, shown: "all processors",
    help: "threads to work with; the result is the same to the bit for any number")

  static let precision = Option<Precision>(
    "precision", form: "NAME", default: .float32, shown: "float32", choices: Precision.allCases.map(\.description),
    help: "what the weights are rounded to before they are used: float32 (not at all), bf16 or int8"
  ) { text throws(BadValue) in
    guard let precision = Precision(text) else {
      throw BadValue(allowed: "one of " + Precision.allCases.map(\.description).joined(separator: ", "))
    }
    return precision
  }

  static let seed = Option<UInt64>.seed(
    "seed", help: "seed of the random numbers; the same seed gives the same result")

  static let quiet = Option<Bool>.flag("quiet", help: "say nothing but errors")

  static let json = Option<Bool>.flag(
    "json", help: "print one JSON object on standard output, everything else on standard error")

  static let samples = Option<Int>.count(
    "samples", "N", 1...65536, default: 1, help: "latent samples per example")

  static let objective = Option<String>.choice(
    "objective", ["elbo", "iwae"], default: "elbo",
    help: "elbo: the evidence lower bound; iwae: the importance-weighted bound over --samples latent samples")

  static let beta = Option<Double>.number(
    "beta", NumberRange(0...1e6), default: 1, help: "weight of the KL term in the loss; only for elbo")

  static let draw = Option<Bool>.flag(
    "draw", help: "write draws from p(x given z) in place of its mean: black and white, counts, ...")

  static let binarize = Option<String>.choice(
    "binarize", ["none", "dynamic"], default: "none",
    help:
      "of grey data, values between 0 and 1: dynamic draws 0 or 1 with the value as probability, anew in every step of "
      + "training, by the seed in evaluation; only for a bernoulli likelihood: {}")

  static let scale = Option<ValueScale>(
    "scale", form: "auto|X", default: .automatic, shown: "auto",
    help: "what values in files are multiplied by, a number or a quotient such as 1/255. auto: bytes of IDX files are "
      + "divided by 255, and bytes of a .npy where the likelihood lives on 0 to 1 and some value is over 1"
  ) { text throws(BadValue) in
    guard let scale = ValueScale(text) else {
      throw BadValue(allowed: "auto, a number over 0, or a quotient such as 1/255")
    }
    return scale
  }

  static let shape = Option<ImageGeometry?>(
    "shape", form: "HxW", default: nil, shown: "as the data say, else a square",
    help: "how the values of a row lie in a picture: 28x28, or with colours 32x32x3 or 3x32x32"
  ) { text throws(BadValue) in
    let sizes = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.allSatisfy({ (1...65536).contains($0) }), let geometry = ImageGeometry(shape: sizes) else {
      throw BadValue(allowed: "height x width, such as 28x28, or with three colours, such as 32x32x3")
    }
    return geometry
  }

  /// `--out` of a command that writes rows of numbers.
  static func out(png: String) -> Option<String?> {
    .path(
      "out", "FILE", shown: "standard output, unless that is a terminal",
      help: "where the rows go, by its ending: .csv, .npy, or .png (\(png)); - is standard output, as CSV")
  }
}
