import Foundation
import Testing

/// Priors, what is added to the bound, dropout and draws: what is asked for is in the file and told by `info`.
@Suite struct ObjectiveOptionTests {
  private let folder = Folder()

  private func train(_ extra: [String]) throws -> Outcome {
    let words = ["train", "digits:test", "--hidden", "6", "--latent", "2", "--epochs", "1", "--quiet"]
    return try Program.run(words + extra, in: folder.path)
  }

  @Test(arguments: [
    (["--free-bits", "0.5"], "free bits 0.5"), (["--capacity", "3"], "beta 0, capacity 3 nats with weight 1000"),
    (["--capacity", "3", "--capacity-weight", "10", "--capacity-epochs", "2"], "capacity     rises over 2 epochs"),
    (["--regularizer", "tc", "--regularizer-weight", "5"], "tc with weight 5"),
    (["--regularizer", "dip_i"], "dip_i with weight 1, diagonal 10"),
    (["--regularizer", "dip_ii", "--regularizer-weight", "3"], "dip_ii with weight 3, diagonal 3"),
    (["--regularizer", "mmd_rbf", "--kernel-scale", "7"], "mmd_rbf with weight 1"),
    (["--regularizer", "mmd_imq"], "mmd_imq with weight 1"),
    (["--regularizer", "sliced_wasserstein", "--projections", "9"], "sliced_wasserstein with weight 1"),
    (
      ["--objective", "iwae", "--samples", "3", "--estimator", "doubly_reparameterized"],
      "doubly_reparameterized gradient"
    ),
    (["--dropout", "0.25"], "dropout      0.25"), (["--prior", "mixture", "--components", "4"], "prior mixture of 4"),
    (["--prior", "vamp", "--components", "5"], "prior vamp of 5"), (["--prior", "mixture"], "prior mixture of 10"),
    (["--prior", "conditional", "--condition", "labels"], "prior conditional through 6 relu"),
    (
      ["--prior", "conditional", "--prior-net", "3,4", "--observed", "top"], "prior conditional through 3 relu, 4 relu"
    ),
  ])
  func told(words: [String], text: String) throws {
    let outcome = try train(words)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let info = try Program.run(["info", "model.safetensors"], in: folder.path).output
    #expect(info.contains(text), "\(info)")
    let json = try Program.run(["info", "model.safetensors", "--json"], in: folder.path).json()
    let file = try Safetensors(folder.data("model.safetensors"))
    for (key, value) in try file.metadata("libvae.config") {
      #expect((json[key] as? NSObject) == (value as? NSObject), "\(key)")
    }
  }

  /// A mixture's KL has no shares of the latents: the report leaves them out, and JSON has null.
  @Test func statisticsOfAMixture() throws {
    try #require(try train(["--prior", "mixture"]).code == 0)
    let words = ["evaluate", "model.safetensors", "digits:test", "--statistics", "--importance-samples", "5"]
    let report = try Program.run(words, in: folder.path)
    #expect(report.code == 0, "\(report.errors)")
    #expect(report.output.contains("latents      "), "\(report.output)")
    #expect(!report.output.contains("nan") && !report.output.contains("kl by latent"), "\(report.output)")
    let json = try Program.run(words + ["--json"], in: folder.path).json()
    let shares = (json["statistics"] as? [String: Any])?["latent_kl"] as? [Any]
    #expect(shares?.isEmpty == false && shares?.allSatisfy { $0 is NSNull } == true, "\(json)")
  }

  @Test(arguments: [
    (["--free-bits", "1", "--objective", "iwae"], "--free-bits 1 needs --objective elbo"),
    (["--capacity", "1", "--objective", "iwae"], "--capacity 1 needs --objective elbo"),
    (["--regularizer", "tc", "--objective", "iwae"], "--regularizer tc needs --objective elbo"),
    (["--estimator", "doubly_reparameterized"], "needs --objective iwae"),
    (["--capacity-weight", "3"], "--capacity-weight 3 needs --capacity"),
    (["--capacity-epochs", "3"], "--capacity-epochs 3 needs --capacity"),
    (["--regularizer-weight", "3"], "--regularizer-weight 3 needs --regularizer tc, dip_i"),
    (["--regularizer", "tc", "--kernel-scale", "3"], "needs --regularizer mmd_rbf or mmd_imq"),
    (["--regularizer", "mmd_rfb"], "did you mean mmd_rbf?"),
    (["--components", "3"], "--components 3 needs --prior mixture"),
    (["--prior-net", "3"], "--prior-net 3 needs --prior conditional"), (["--dropout", "1"], "from 0 to 0.95"),
    (["--prior", "mixtrue"], "did you mean mixture?"),
    (["--prior", "mixture", "--free-bits", "1"], "train: --free-bits is 1; it needs each latent's KL"),
    (["--prior", "vamp", "--regularizer", "mmd_rbf"], "train: --regularizer is mmd_rbf; it compares"),
    (["--likelihood", "student_t", "--sigma", "2"], "--sigma 2 needs"),
  ])
  func refused(words: [String], text: String) throws { expectError(try train(words), code: 2, text) }

  /// The KL from a mixture is no sum over latents: where there is no number, none is shown.
  @Test(arguments: [("standard", true), ("mixture", false)])
  func latentLines(prior: String, shown: Bool) throws {
    try #require(train(["--prior", prior]).code == 0)
    let words = ["evaluate", "model.safetensors", "digits:test", "--statistics", "--importance-samples", "2"]
    let text = try Program.run(words, in: folder.path).output
    #expect(text.contains("kl by latent") == shown && !text.contains("nan"), "\(text)")
  }

  @Test func draws() throws {
    #expect(try train([]).code == 0)
    let run = { (words: [String]) in try Program.run(words, in: folder.path) }
    let sample = ["sample", "model.safetensors", "--count", "20", "--draw", "--out"]
    #expect(try run(sample + ["a.npy"]).code == 0)
    let drawn = try NPY(folder.data("a.npy"))
    #expect(drawn.shape == [20, 784] && drawn.values.allSatisfy { $0 == 0 || $0 == 1 } && drawn.values.contains(1))
    // A row's draw is the same whatever is drawn beside it.
    #expect(try run(["sample", "model.safetensors", "--count", "5", "--draw", "--out", "b.npy"]).code == 0)
    #expect(try NPY(folder.data("b.npy")).values == Array(drawn.values.prefix(5 * 784)))

    #expect(try run(["encode", "model.safetensors", "digits", "--out", "z.npy"]).code == 0)
    #expect(try run(["decode", "model.safetensors", "z.npy", "--draw", "--seed", "3", "--out", "d.npy"]).code == 0)
    #expect(try NPY(folder.data("d.npy")).values.allSatisfy { $0 == 0 || $0 == 1 })
    #expect(try run(["decode", "model.safetensors", "z.npy", "--parameters", "--out", "p.npy"]).code == 0)
    let parameters = try NPY(folder.data("p.npy"))
    #expect(parameters.shape == [1000, 1, 784])
    #expect(try run(["decode", "model.safetensors", "z.npy", "--out", "m.npy"]).code == 0)
    #expect(try NPY(folder.data("m.npy")).values == parameters.values)
    expectError(try run(["decode", "m", "z.npy", "--parameters", "--out", "x.png"]), code: 2, ".csv or .npy")
    expectError(try run(["decode", "m", "z.npy", "--parameters", "--draw", "--out", "x.npy"]), code: 2, "--draw")
    expectError(try run(["decode", "m", "z.npy", "--seed", "1", "--out", "x.npy"]), code: 2, "--seed needs --draw")
  }

  /// Several parameters stand one after the other in a row, under their names.
  @Test func parametersByName() throws {
    let lines = (0..<40).map { row in "\(row % 5),\(row % 3)" }
    try folder.write("x.csv", lines.joined(separator: "\n"))
    for (kind, names) in [
      ("negative_binomial", "mean_0,mean_1,dispersion_0,dispersion_1"),
      ("student_t", "location_0,location_1,scale_0,scale_1,df_0,df_1"),
      ("gaussian", "location_0,location_1,scale_0,scale_1"),
    ] {
      let words = [
        "train", "x.csv", "--likelihood", kind, "--hidden", "4", "--latent", "1", "--epochs", "2", "--quiet",
      ]
      let outcome = try Program.run(words, in: folder.path)
      #expect(outcome.code == 0, "\(outcome.errors)")
      try folder.write("z.csv", "0\n1\n")
      let decoded = try Program.run(
        ["decode", "model.safetensors", "z.csv", "--parameters", "--out", "-"], in: folder.path)
      #expect(decoded.output.split(separator: "\n").first.map(String.init) == names, "\(decoded)")
      #expect(decoded.output.split(separator: "\n").count == 3)
    }
  }
}
