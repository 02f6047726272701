import Foundation
import Testing

/// `--likelihood`, `--sigma` and `--groups`: every kind trains, is told by `info`, and refuses what it cannot take.
@Suite struct LikelihoodTests {
  private let folder = Folder()

  /// 40 rows of five columns: `value`(row, column) as CSV.
  private func table(_ name: String, _ value: (Int, Int) -> String) throws {
    let lines = (0..<40).map { row in (0..<5).map { value(row, $0) }.joined(separator: ",") }
    try folder.write(name, "a,b,c,d,e\n" + lines.joined(separator: "\n") + "\n")
  }

  private func train(_ data: String, _ extra: [String]) throws -> Outcome {
    let words = ["train", data, "--epochs", "2", "--hidden", "4", "--latent", "1", "--quiet", "--out", "m.safetensors"]
    return try Program.run(words + extra, in: folder.path)
  }

  @Test(arguments: [
    (["continuous_bernoulli"], "continuous_bernoulli"), (["laplace", "--sigma", "0.5"], "laplace, sigma 0.5"),
    (["log_cosh", "--output-activation", "sigmoid"], "log_cosh, sigma 1, mean through sigmoid"),
    (["gaussian", "--sigma", "global"], "gaussian, sigma learned (global)"),
    (["laplace", "--sigma", "per_output"], "laplace, sigma learned (per_output)"),
  ])
  func realNumbers(_ words: [String], _ told: String) throws {
    try table("real.csv") { row, column in "0.\((row * 7 + column * 3) % 10)" }
    let outcome = try train("real.csv", ["--likelihood"] + words)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let info = try Program.run(["info", "m.safetensors"], in: folder.path)
    #expect(info.output.contains("likelihood   \(told)\n"), "\(info.output)")
    let scores = try Program.run(["evaluate", "m.safetensors", "real.csv", "--json"], in: folder.path)
    #expect(scores.code == 0, "\(scores.errors)")
  }

  @Test func counts() throws {
    try table("counts.csv") { row, column in "\(row % (column + 2))" }
    let outcome = try train("counts.csv", ["--likelihood", "poisson"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    try table("fraction.csv") { row, column in row == 3 && column == 1 ? "2.5" : "2" }
    expectError(
      try train("fraction.csv", ["--likelihood", "poisson"]), code: 1, "line 5, column 2 (\"b\")", "2.5",
      "poisson likelihood", "whole numbers")
    try table("negative.csv") { _, column in column == 4 ? "-1" : "2" }
    expectError(try train("negative.csv", ["--likelihood", "poisson"]), code: 1, "-1 is not allowed", "poisson")
  }

  /// Large counts make an encoder without bounds begin far off; a note says so, and what bounds it.
  @Test(arguments: [("9", "relu", false), ("90", "relu", true), ("90", "tanh", false)])
  func noteOnLargeCounts(count: String, activation: String, isNoted: Bool) throws {
    try table("counts.csv") { row, column in row == 7 && column == 2 ? count : "2" }
    let words = ["train", "counts.csv", "--epochs", "1", "--hidden", "4", "--latent", "1", "--out", "m.safetensors"]
    for likelihood in ["poisson", "negative_binomial"] {
      let outcome = try Program.run(
        words + ["--likelihood", likelihood, "--activation", activation], in: folder.path)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("Note: counts go up to 90") == isNoted, "\(outcome.errors)")
    }
  }

  /// What `encode --logvar` wrote is twice as wide as codes; the message says what to do.
  @Test func logvarsAreNoCodes() throws {
    try table("real.csv") { row, column in "0.\((row * 7 + column * 3) % 10)" }
    #expect(try train("real.csv", []).code == 0)
    let encoded = try Program.run(
      ["encode", "m.safetensors", "real.csv", "--logvar", "--out", "z.csv"], in: folder.path)
    #expect(encoded.code == 0, "\(encoded.errors)")
    expectError(
      try Program.run(["decode", "m.safetensors", "z.csv", "--out", "x.csv"], in: folder.path), code: 1,
      "2 numbers", "1 latent dimension", "without --logvar")
  }

  @Test func categories() throws {
    try table("groups.csv") { row, column in
      (column < 3 ? row % 3 == column : row / 3 % 2 == column - 3) ? "1" : "0"
    }
    let words = ["--likelihood", "categorical", "--groups", "3,2"]
    let outcome = try train("groups.csv", words)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let info = try Program.run(["info", "m.safetensors"], in: folder.path)
    #expect(info.output.contains("categorical, groups of 3,2 columns"), "\(info.output)")
    let json = try Program.run(["info", "m.safetensors", "--json"], in: folder.path).json()
    #expect(json["groups"] as? [Int] == [3, 2])
    let sample = try Program.run(["sample", "m.safetensors", "--count", "3", "--out", "-"], in: folder.path)
    #expect(sample.code == 0, "\(sample.errors)")
    expectError(try train("groups.csv", ["--likelihood", "categorical", "--groups", "2,2"]), code: 1, "groups have 4")
    expectError(try train("groups.csv", ["--likelihood", "categorical", "--groups", "2,3"]), code: 1, "a single 1")
  }
}
