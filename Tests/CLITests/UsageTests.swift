import Testing

/// Wrong command lines: exit code 2 and one line that names the option, what was found and what is allowed.
@Suite struct UsageTests {
  @Test func noCommand() throws {
    expectError(try Program.run([]), code: 2, "vae-cli train digits", "vae-cli help")
  }

  @Test func unknownCommand() throws {
    expectError(try Program.run(["trian"]), code: 2, "trian", "did you mean train?")
    expectError(try Program.run(["qqqqqqqq"]), code: 2, "qqqqqqqq", "evaluate, encode, decode")
    expectError(try Program.run(["--quiet", "train"]), code: 2, "--quiet")
    expectError(try Program.run(["help", "trian"]), code: 2, "trian", "did you mean train?")
  }

  @Test func unknownOption() throws {
    expectError(try Program.run(["train", "digits", "--epoch", "3"]), code: 2, "--epoch;", "did you mean --epochs?")
    expectError(try Program.run(["train", "digits", "--lerning-rate=1"]), code: 2, "--learning-rate")
    expectError(try Program.run(["train", "digits", "--qqqqqq"]), code: 2, "--qqqqqq", "vae-cli help train")
    expectError(try Program.run(["info", "m", "--epochs", "3"]), code: 2, "info has no option --epochs")
    expectError(try Program.run(["train", "digits", "-e", "3"]), code: 2, "-e", "written in full")
  }

  @Test func missingValue() throws {
    expectError(try Program.run(["train", "digits", "--epochs"]), code: 2, "--epochs needs a value", "--epochs N")
    expectError(try Program.run(["train", "digits", "--epochs", "--quiet"]), code: 2, "--epochs needs a value")
    expectError(try Program.run(["train", "digits", "--json=yes"]), code: 2, "--json takes no value", "=yes")
  }

  @Test func repeatedOption() throws {
    expectError(
      try Program.run(["train", "digits", "--epochs", "1", "--epochs=2"]), code: 2, "--epochs is given twice")
    expectError(try Program.run(["train", "digits", "--json", "--json"]), code: 2, "--json is given twice")
  }

  @Test func missingAndSurplusOperands() throws {
    expectError(try Program.run(["train"]), code: 2, "DATA is missing", "vae-cli train DATA")
    expectError(try Program.run(["evaluate", "m.safetensors"]), code: 2, "DATA is missing")
    expectError(try Program.run(["train", "digits", "more"]), code: 2, "more")
    expectError(try Program.run(["train", "--", "digits", "--quiet"]), code: 2, "--quiet is one word too many")
    expectError(try Program.run(["train", ""]), code: 2, "empty word")
  }

  @Test(arguments: [
    ("--epochs", "0", "1 to 1000000"), ("--epochs", "-1", "1 to 1000000"), ("--epochs", "1.5", "whole number"),
    ("--epochs", "99999999999999999999", "1 to 1000000"), ("--epochs", "", "whole number"),
    ("--latent", "0", "1 to"), ("--batch", "0", "1 to 1048576"), ("--threads", "0", "1 to"), ("--samples", "0", "1 to"),
    ("--seed", "-1", "0 to 18446744073709551615"), ("--seed", "x", "0 to"),
    ("--learning-rate", "0", "over 0"), ("--learning-rate", "nan", "over 0"), ("--learning-rate", "inf", "over 0"),
    ("--adam-beta1", "1", "under 1"), ("--adam-beta2", "-0.1", "at least 0"), ("--adam-epsilon", "0", "1e-30 to 1"),
    ("--beta", "-1", "from 0"), ("--sigma", "0", "0.0001"), ("--hidden", "400,,200", "400,200"),
    ("--hidden", "0", "1 to"), ("--encoder", "a", "none"), ("--decoder", "5,", "none"),
    ("--activation", "rleu", "did you mean relu?"), ("--likelihood", "poison", "did you mean poisson?"),
    ("--output-activation", "x", "softplus"), ("--objective", "elb", "did you mean elbo?"),
    ("--validation", "1", "under 1"), ("--validation", "-0.5", "under 1"), ("--validation", "nan", "under 1"),
    ("--scale", "0", "auto"), ("--scale", "x", "auto"), ("--shape", "28", "28x28"), ("--shape", "0x5", "28x28"),
    ("--shape", "4x4x4", "28x28"), ("--out", "", "empty"),
  ])
  func valueOutOfRange(option: String, value: String, allowed: String) throws {
    let shown = value.isEmpty ? "\"\"" : value
    expectError(try Program.run(["train", "digits", option, value]), code: 2, "\(option) \(shown)", allowed)
    expectError(try Program.run(["train", "digits", "\(option)=\(value)"]), code: 2, "\(option) \(shown)", allowed)
  }

  @Test func optionsThatDoNotGoTogether() throws {
    expectError(try Program.run(["train", "digits", "--sigma", "2"]), code: 2, "--sigma", "--likelihood gaussian")
    expectError(
      try Program.run(["train", "digits", "--likelihood", "poisson", "--sigma", "global"]), code: 2, "--sigma",
      "laplace")
    expectError(try Program.run(["train", "digits", "--groups", "3,2"]), code: 2, "--groups", "categorical")
    expectError(try Program.run(["train", "digits", "--likelihood", "categorical"]), code: 2, "--groups")
    expectError(
      try Program.run(["train", "digits", "--output-activation", "relu"]), code: 2, "--output-activation", "gaussian")
    expectError(try Program.run(["train", "digits", "--objective", "iwae", "--beta", "2"]), code: 2, "--beta", "iwae")
    expectError(
      try Program.run(["train", "digits", "--hidden", "4", "--encoder", "4", "--decoder", "4"]), code: 2, "--hidden")
    expectError(
      try Program.run(["train", "digits", "--resume", "f", "--latent", "3"]), code: 2, "--latent", "--resume")
    expectError(try Program.run(["train", "digits", "--json", "--out", "-"]), code: 2, "--json", "standard output")
    expectError(try Program.run(["train", "digits", "--out", "model.png"]), code: 2, "model.png", ".safetensors")
    expectError(try Program.run(["sample", "m", "--json"]), code: 2, "--json", "--out FILE")
    expectError(try Program.run(["sample", "m", "--out", "x.txt"]), code: 2, "x.txt", ".csv, .npy or .png")
    expectError(try Program.run(["encode", "m", "digits", "--out", "x.png"]), code: 2, "x.png", ".csv or .npy")
    expectError(try Program.run(["digits"]), code: 2, "--out")
    expectError(try Program.run(["digits", "--out", "x.txt"]), code: 2, "x.txt", ".npy")
  }

  /// What is typed is shown on one line, whatever it holds.
  @Test func controlCharactersAreEscaped() throws {
    expectError(try Program.run(["train", "a\nb\u{1b}[2J"]), code: 1, "a\\nb\\x1b[2J")
    expectError(try Program.run(["a\nb"]), code: 2, "a\\nb")
  }
}
