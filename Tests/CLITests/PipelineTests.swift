import Foundation
import Testing

/// The whole way: train, evaluate, encode, decode, reconstruct, sample, info, resume.
@Suite struct PipelineTests {
  private func ok(_ words: [String], in folder: Folder, _ location: SourceLocation = #_sourceLocation) throws -> Outcome
  {
    let outcome = try Program.run(words, in: folder.path)
    try #require(outcome.code == 0, "\(words): \(outcome.errors)", sourceLocation: location)
    return outcome
  }

  private func number(_ json: [String: Any], _ key: String, _ location: SourceLocation = #_sourceLocation) throws
    -> Double
  {
    try #require(json[key] as? Double, "\(key) in \(json)", sourceLocation: location)
  }

  /// Memory is taken for no more rows than there are.
  @Test func batchOfAllRows() throws {
    let folder = Folder()
    let train = ["train", "digits:test", "--batch", "1000000", "--hidden", "4", "--epochs", "1", "--out", folder("m")]
    #expect(try Program.run(train).code == 0)
    #expect(try Program.run(["info", folder("m")]).output.contains("batch 900,"))
  }

  @Test func trainLearnsAndReports() throws {
    let folder = Folder()
    let words = ["train", "digits", "--epochs", "2", "--json", "--log", "log.jsonl", "--out", "m.safetensors"]
    let outcome = try ok(words + SmallModel.options, in: folder)
    let json = try outcome.json()
    #expect(json["model"] as? String == "m.safetensors")
    #expect(json["epochs"] as? Int == 2)
    #expect(json["examples"] as? Int == 9000 && json["validation_examples"] as? Int == 1000)
    #expect(json["step"] as? Int == 2 * 71)
    #expect(json["interrupted"] as? Bool == false)
    #expect(json["threads"] as? Int == 2)
    let loss = try number(json, "loss")
    #expect(abs(try number(json, "reconstruction") + number(json, "kl") - loss) < 1e-6 * loss)
    #expect(try number(json, "penalty") == 0)
    #expect(abs(try number(json, "negative_elbo") - loss) < 1e-9 * loss)
    // Pixels alone, by their means, cost 206 nats; an untrained network far more.
    #expect(loss < 200 && loss > 50)
    #expect(outcome.errors.contains("Training a VAE 784-16-3-16-784"))

    let lines = try folder.text("log.jsonl").split(separator: "\n")
    let epochs = try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    #expect(epochs.map { $0["epoch"] as? Int } == [1, 2])
    #expect(try number(epochs[1], "loss") == loss)
    #expect(try number(epochs[1], "validation_loss") == number(json, "validation_loss"))
    #expect(try number(epochs[1], "loss") < number(epochs[0], "loss"))
    for key in ["reconstruction", "kl", "negative_elbo", "penalty", "validation_reconstruction", "validation_kl"] {
      _ = try number(epochs[0], key)
    }
  }

  @Test func defaultsSuitDigits() throws {
    let folder = Folder()
    let json = try ok(["train", "digits", "--epochs", "1", "--json"], in: folder).json()
    #expect(json["model"] as? String == "model.safetensors")
    let info = try ok(["info", "model.safetensors", "--json"], in: folder).json()
    #expect(info["latent_dim"] as? Int == 20 && info["likelihood"] as? String == "bernoulli")
    #expect((info["encoder"] as? [[String: Any]])?.first?["units"] as? Int == 400)
    let training = try #require(info["training"] as? [String: Any])
    #expect(training["batch_size"] as? Int == 128 && training["learning_rate"] as? Double == 0.001)
    #expect(try number(json, "loss") < 190)
  }

  /// The output bias begins at the pixel means, which alone describe a digit in 206 nats; at zero it were 784 log 2 =
  /// 543.
  @Test func outputBiasBeginsAtTheMeans() throws {
    let folder = Folder()
    let words = ["train", "digits", "--epochs", "1", "--json", "--learning-rate", "1e-9"] + SmallModel.options
    #expect(try number(ok(words, in: folder).json(), "loss") < 300)
  }

  @Test func layersAreSpelledOut() throws {
    let folder = Folder()
    let words = ["train", "digits:test", "--epochs", "1", "--quiet", "--hidden", "12,7", "--activation", "tanh"]
    _ = try ok(words + ["--latent", "2"], in: folder)
    let info = try ok(["info", "model.safetensors", "--json"], in: folder).json()
    let units = { (key: String) in (info[key] as? [[String: Any]])?.map { $0["units"] as? Int ?? 0 } }
    #expect(units("encoder") == [12, 7] && units("decoder") == [7, 12])
    #expect((info["decoder"] as? [[String: Any]])?.last?["activation"] as? String == "tanh")
    _ = try ok(words + ["--decoder", "none"], in: folder)
    let other = try ok(["info", "model.safetensors"], in: folder).output
    #expect(other.contains("encoder      12 tanh, 7 tanh") && other.contains("decoder      linear"), "\(other)")
  }

  /// `info --json` says what the file says, under the same keys.
  @Test func infoAgreesWithTheFile() throws {
    let path = try SmallModel.path()
    let info = try Program.run(["info", path, "--json"]).json()
    let file = try Safetensors(Data(contentsOf: URL(fileURLWithPath: path)))
    let config = try file.metadata("libvae.config")
    for (key, value) in config {
      #expect(
        (info[key] as? NSObject) == (value as? NSObject), "\(key): \(String(describing: info[key])) is not \(value)")
    }
    for key in [
      "input_dim", "condition_dim", "latent_dim", "encoder", "decoder", "prior", "prior_net", "likelihood", "sigma",
    ] {
      #expect(config[key] != nil && info[key] != nil, "\(key)")
    }
    let tensors = try #require(info["tensors"] as? [[String: Any]])
    #expect(Set(tensors.compactMap { $0["name"] as? String }) == Set(file.header.keys).subtracting(["__metadata__"]))
    for tensor in tensors {
      let entry = try #require(file.header[tensor["name"] as? String ?? ""] as? [String: Any])
      #expect(entry["shape"] as? [Int] == tensor["shape"] as? [Int])
    }
    #expect(info["parameters"] as? Int == file.values.count / 4)
    #expect(info["bytes"] as? Int == (try Data(contentsOf: URL(fileURLWithPath: path)).count))
    let text = try Program.run(["info", path]).output
    #expect(text.contains("784-16-3-16-784") && text.contains("encoder.logvar.bias"))
    #expect(text.contains("Adam         learning rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-08"))
  }

  @Test func evaluateAndScores() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    let json = try ok(["evaluate", model, "digits", "--json"], in: folder).json()
    #expect(json["examples"] as? Int == 1000 && json["data"] as? String == "digits:test")
    let loss = try number(json, "loss")
    #expect(abs(try number(json, "reconstruction") + number(json, "kl") - loss) < 1e-6 * loss)
    #expect(abs(try number(json, "negative_elbo") - loss) < 1e-9 * loss)
    #expect(try number(json, "penalty") == 0)

    // The mean of the scores is the loss; .npy and .csv agree.
    let withScores = try ok(["evaluate", model, "digits", "--json", "--out", "s.csv"], in: folder).json()
    #expect(try number(withScores, "loss") == loss)
    let table = try csvTable(folder.text("s.csv"))
    #expect(table.names == ["loss", "reconstruction", "kl"] && table.rows.count == 1000)
    let mean = table.rows.reduce(0) { $0 + $1[0] } / 1000
    #expect(abs(mean - loss) < 1e-4 * loss)
    #expect(table.rows.allSatisfy { abs($0[1] + $0[2] - $0[0]) < 1e-3 })
    _ = try ok(["evaluate", model, "digits", "--out", "s.npy"], in: folder)
    let array = try NPY(folder.data("s.npy"))
    #expect(array.shape == [1000, 3] && array.values[0] == Float(table.rows[0][0]))

    // Other seeds, more samples and the other bound.
    let other = try ok(["evaluate", model, "digits", "--json", "--seed", "7"], in: folder).json()
    #expect(try number(other, "loss") != loss)
    let words = ["evaluate", model, "digits", "--json", "--objective", "iwae", "--samples", "20"]
    let bound = try ok(words, in: folder).json()
    #expect(try number(bound, "loss") < loss)
    let heavy = try ok(["evaluate", model, "digits", "--json", "--beta", "4"], in: folder).json()
    #expect(abs(try number(heavy, "loss") - number(json, "reconstruction") - 4 * number(json, "kl")) < 1e-3)
    let text = try ok(["evaluate", model, "digits"], in: folder).output
    #expect(
      text.wholeMatch(
        of: /loss \d+\.\d+ = rec \d+\.\d+ \+ kl \d+\.\d+ nats per example, over 1,000 examples of digits:test\n/) != nil
    )
  }

  @Test func statistics() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    let words = ["evaluate", model, "digits", "--statistics", "--importance-samples", "40"]
    let json = try ok(words + ["--json", "--out", "s.csv"], in: folder).json()
    let found = try #require(json["statistics"] as? [String: Any])
    let bound = try ok(
      ["evaluate", model, "digits", "--json", "--objective", "iwae", "--samples", "40"], in: folder
    ).json()
    #expect(try number(found, "log_evidence") == -number(bound, "loss"))
    #expect(try number(found, "interval_low") < number(found, "log_evidence"))
    #expect(try number(found, "effective_samples_min") >= 1 && number(found, "effective_samples") <= 40)
    let kl = try #require(found["latent_kl"] as? [Double])
    #expect(kl.count == 3)
    #expect(try abs(kl.reduce(0, +) - number(found, "kl")) < 1e-4)
    #expect((found["latent_variance"] as? [Double])?.count == 3 && found["bits"] as? String == "cross entropy")
    #expect(found["importance_samples"] as? Int == 40 && found["aggregate_rows"] as? Int == 1000)
    let table = try csvTable(folder.text("s.csv"))
    #expect(table.names == ["loss", "reconstruction", "kl", "log_evidence", "effective_samples"])
    let mean = table.rows.reduce(0) { $0 + $1[3] } / 1000
    #expect(try abs(mean - number(found, "log_evidence")) < 1e-3)

    let text = try ok(
      ["evaluate", model, "digits", "--statistics", "--importance-samples", "5", "--aggregate-rows", "2"], in: folder
    ).output
    for part in ["log p(x)", "95 % interval", "by 5 importance samples", "latents", "by 2 rows at a time"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(text.contains("warning: only 5 of the 10 samples were drawn that an example should have"))
    #expect(text.contains("warning: the mutual information is near log 2"))
    #expect(try !ok(["evaluate", model, "digits"], in: folder).output.contains("log p(x)"))
    for option in ["--importance-samples", "--aggregate-rows", "--bin-width"] {
      let refused = try Program.run(["evaluate", model, "digits", option, "2"])
      expectError(refused, code: 2, option, "needs --statistics")
    }
    expectError(
      try Program.run(["evaluate", model, "digits", "--statistics", "--bin-width", "0"]), code: 2, "--bin-width")
  }

  @Test func encodeDecodeReconstruct() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    _ = try ok(["encode", model, "digits", "--out", "z.npy"], in: folder)
    let codes = try NPY(folder.data("z.npy"))
    #expect(codes.shape == [1000, 3])
    let text = try ok(["encode", model, "digits", "--logvar"], in: folder).output
    let table = try csvTable(text)
    #expect(table.names == ["mean_0", "mean_1", "mean_2", "logvar_0", "logvar_1", "logvar_2"])
    #expect(table.rows.count == 1000 && table.rows[999][2] == Double("\(codes.values[2999])"))
    _ = try ok(["encode", model, "digits", "--logvar", "--out", "both.npy"], in: folder)
    let both = try NPY(folder.data("both.npy"))
    #expect(both.shape == [1000, 6])
    #expect((0..<1000).allSatisfy { both.values[$0 * 6..<$0 * 6 + 3].elementsEqual(codes.values[$0 * 3..<$0 * 3 + 3]) })

    // What is encoded and decoded is the reconstruction, to the bit, by either kind of file.
    _ = try ok(["decode", model, "z.npy", "--out", "x.npy"], in: folder)
    _ = try ok(["reconstruct", model, "digits", "--out", "r.npy"], in: folder)
    let (decoded, reconstructed) = (try NPY(folder.data("x.npy")), try NPY(folder.data("r.npy")))
    #expect(decoded.shape == [1000, 784] && reconstructed.shape == [1000, 28, 28])
    #expect(decoded.values == reconstructed.values)
    #expect(decoded.values.allSatisfy { $0 >= 0 && $0 <= 1 })
    _ = try ok(["encode", model, "digits", "--out", "z.csv"], in: folder)
    _ = try ok(["decode", model, "z.csv", "--out", "x2.npy"], in: folder)
    #expect(try folder.data("x2.npy") == folder.data("x.npy"))
    let json = try ok(["reconstruct", model, "digits", "--count", "5", "--out", "five.csv", "--json"], in: folder)
      .json()
    #expect(json["rows"] as? Int == 5 && json["columns"] as? Int == 784 && json["file"] as? String == "five.csv")
    #expect(try folder.text("five.csv").split(separator: "\n").count == 5)
  }

  @Test func sampleIsFixedByItsSeed() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    let draw = { (count: String, seed: String, file: String) in
      _ = try ok(["sample", model, "--count", count, "--seed", seed, "--out", file], in: folder)
      return try NPY(folder.data(file))
    }
    let few = try draw("5", "3", "a.npy")
    let many = try draw("3000", "3", "b.npy")
    #expect(few.shape == [5, 784] && many.shape == [3000, 784])
    #expect(many.values.prefix(5 * 784).elementsEqual(few.values))
    #expect(try draw("5", "4", "c.npy").values != few.values)
    let cut = try Program.shell("vae_cli sample '\(model)' --count 2 --seed 3", in: folder.path)
    #expect(cut.code == 0 && cut.output.split(separator: "\n").count == 2)
    let first = try #require(cut.output.split(separator: ",").first)
    #expect(Float(first) == few.values[0])
  }

  /// The same seed gives the same bytes, on one thread and on three; another seed gives others.
  @Test func trainingIsReproducible() throws {
    let folder = Folder()
    let words = ["train", "digits:test", "--epochs", "2", "--hidden", "32", "--latent", "4", "--quiet"]
    for (file, extra) in [("a", ["--threads", "1"]), ("b", ["--threads", "3"]), ("c", ["--seed", "1"])] {
      _ = try ok(words + ["--out", file] + extra, in: folder)
    }
    #expect(try folder.data("a") == folder.data("b"))
    #expect(try folder.data("a") != folder.data("c"))
  }

  /// Two epochs, and two more from the checkpoint, are four epochs, to the bit.
  @Test func resumeContinuesToTheBit() throws {
    let folder = Folder()
    let words = ["train", "digits:test", "--log", "log.jsonl"]
    let model = ["--hidden", "32", "--latent", "4", "--seed", "5", "--beta", "2", "--batch", "64"]
    _ = try ok(words + model + ["--epochs", "4", "--out", "straight"], in: folder)
    let straight = try folder.text("log.jsonl")
    _ = try ok(words + model + ["--epochs", "2", "--out", "half", "--checkpoint", "run"], in: folder)
    let resumed = try ok(words + ["--resume", "run", "--epochs", "4", "--out", "resumed", "--json"], in: folder)
    #expect(try folder.data("straight") == folder.data("resumed"))
    #expect(try folder.data("straight") != folder.data("half"))
    #expect(try resumed.json()["epochs"] as? Int == 4)
    #expect(resumed.errors.contains("epoch 3/4") && !resumed.errors.contains("epoch 2/4"))
    #expect(withoutTimes(try folder.text("log.jsonl")) == withoutTimes(straight))
    expectError(
      try Program.run(["train", "digits:test", "--resume", "run", "--epochs", "2"], in: folder.path), code: 2,
      "--epochs", "2 epochs already")
    expectError(
      try Program.run(["train", "digits:test", "--resume", "half", "--epochs", "9"], in: folder.path), code: 1, "half",
      "--checkpoint")
  }

  /// The lines of a log up to what depends on the clock.
  private func withoutTimes(_ log: String) -> [String] {
    log.split(separator: "\n").map { $0.components(separatedBy: "\"examples_per_second\"")[0] }
  }

  @Test func gaussianTable() throws {
    let folder = Folder()
    var text = "length,\"width, cm\"\n"
    for row in 0..<200 { text += "\(Double(row) / 20 - 5),\(3 * Double(row) / 20 + 100)\n" }
    try folder.write("t.csv", text)
    let words = ["train", "t.csv", "--likelihood", "gaussian", "--hidden", "none", "--latent", "1", "--json"]
    let json = try ok(words + ["--epochs", "3", "--sigma", "2", "--batch", "20"], in: folder).json()
    #expect(json["examples"] as? Int == 180 && json["validation_examples"] as? Int == 20)
    let outcome = try ok(["reconstruct", "model.safetensors", "t.csv", "--count", "3", "--out", "-"], in: folder)
    #expect(outcome.output.hasPrefix("length,\"width, cm\"\n") && outcome.output.split(separator: "\n").count == 4)
  }

  @Test func modelToStandardOutput() throws {
    let folder = Folder()
    let line = "vae_cli train digits:test --epochs 1 --hidden 8 --latent 2 --out - --quiet >m && vae_cli info m"
    let outcome = try Program.shell(line, in: folder.path)
    #expect(outcome.code == 0 && outcome.output.contains("784-8-2-8-784"), "\(outcome)")
  }

  @Test func quietSaysNothing() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    let runs = [
      ["train", "digits:test", "--epochs", "1", "--hidden", "8", "--quiet", "--pictures", "p", "--log", "l"],
      ["evaluate", model, "digits", "--quiet"], ["encode", model, "digits", "--quiet", "--out", "z.npy"],
      ["sample", model, "--quiet", "--out", "s.png"], ["digits", "--quiet", "--out", "d.npy"],
    ]
    for words in runs {
      let outcome = try ok(words, in: folder)
      #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(words): \(outcome)")
    }
  }

  @Test func digitsCommand() throws {
    let folder = Folder()
    let json = try ok(["digits", "--out", "d.npy", "--labels", "l.npy", "--json"], in: folder).json()
    #expect(json["rows"] as? Int == 10_000 && json["shape"] as? [Int] == [28, 28])
    #expect(try folder.data("d.npy").count == 128 + 7_840_000 && folder.data("l.npy").count == 128 + 10_000)
    _ = try ok(["digits", "--part", "test", "--out", "d.idx", "--labels", "l.csv"], in: folder)
    #expect(try folder.text("l.csv").split(separator: "\n").count == 1001)
    // A model cannot tell the copy from what is bundled.
    let model = try SmallModel.path()
    let bundled = try ok(["evaluate", model, "digits:test", "--json"], in: folder).json()
    let copied = try ok(["evaluate", model, "d.idx", "--json"], in: folder).json()
    #expect(try number(bundled, "loss") == number(copied, "loss"))
  }
}
