import Foundation
import Testing

/// Schedules, warm-up, AdamW, clipping, early stopping and binarisation on the command line.
@Suite struct OptimisationTests {
  private func train(_ words: [String], in folder: Folder, _ location: SourceLocation = #_sourceLocation) throws
    -> Outcome
  {
    let outcome = try Program.run(["train", "digits"] + SmallModel.options + words, in: folder.path)
    try #require(outcome.code == 0, "\(outcome.errors)", sourceLocation: location)
    return outcome
  }

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func everythingIsKeptAndShown() throws {
    let folder = Folder()
    let options = [
      "--schedule", "steps", "--milestones", "1,5", "--schedule-decay", "0.25", "--warm-up", "cyclic",
      "--warm-up-epochs", "3", "--warm-up-cycles", "1", "--weight-decay", "0.5", "--clip-norm", "20", "--binarize",
      "dynamic", "--patience", "7",
    ]
    let run = options + ["--epochs", "2", "--log", "log.jsonl", "--out", "m", "--checkpoint", "c"]
    let errors = try train(run, in: folder).errors
    let log = try lines(folder.text("log.jsonl"))
    #expect(log.map { $0["learning_rate"] as? Double } == [1e-3, 2.5e-4])
    // The last of 71 mini-batches of the first epoch; a cycle of three epochs rises over half of them.
    #expect(abs(try #require(log[0]["beta"] as? Double) - 70.0 / 71 / 1.5) < 1e-12)
    #expect(log[1]["beta"] as? Double == 1)
    // The loss of an epoch under warm-up is printed with the beta that makes it add up.
    #expect(errors.contains(" x kl "), "\(errors)")

    let info = try Program.run(["info", folder("m"), "--json"]).json()
    let file = try Safetensors(folder.data("m")).metadata("libvae.config")
    let training = try #require(info["training"] as? [String: Any])
    #expect(NSDictionary(dictionary: training) == (file["training"] as? NSDictionary))
    #expect(training["optimizer"] as? String == "adamw" && training["rate_milestones"] as? [Int] == [1, 5])
    let text = try Program.run(["info", folder("m")]).output
    for words in [
      "AdamW        weight decay 0.5", "times 0.25 after epochs 1, 5", "cyclic, 3 epochs, 1 cycle", "norm 20",
    ] {
      #expect(text.contains(words), "\(text)")
    }

    // Two epochs and two more are four.
    _ = try train(options + ["--epochs", "4", "--out", "whole"], in: folder)
    let resume = ["train", "digits", "--resume", "c", "--epochs", "4", "--out", "resumed"]
    #expect(try Program.run(resume, in: folder.path).code == 0)
    #expect(try folder.data("whole") == folder.data("resumed"))
  }

  /// A rate at which the held-out loss soon goes up and down: the best model is written, and --resume goes on from it.
  @Test func patienceStopsAndKeepsTheBest() throws {
    let folder = Folder()
    let run = ["--learning-rate", "0.03", "--patience", "1", "--epochs", "300", "--json", "--checkpoint", "c"]
    let outcome = try train(run + ["--log", "log.jsonl", "--out", "m"], in: folder)
    let json = try outcome.json()
    let losses = try lines(folder.text("log.jsonl")).map { try #require($0["validation_loss"] as? Double) }
    #expect(losses.count < 300 && json["stopped_early"] as? Bool == true && json["interrupted"] as? Bool == false)
    #expect(json["epochs"] as? Int == losses.count - 1)
    #expect(json["validation_loss"] as? Double == losses.min() && losses.min() == losses[losses.count - 2])
    #expect(outcome.errors.contains("Stopped early after epoch \(losses.count). The model is that of epoch"))
    let evaluated = try Program.run(["evaluate", folder("m"), "digits", "--json"]).json()
    #expect(evaluated["loss"] as? Double == losses.min())

    let again = try Program.run(
      ["train", "digits", "--resume", "c", "--epochs", "300", "--json", "--out", "again"], in: folder.path)
    #expect(again.code == 0, "\(again.errors)")
    #expect(try folder.data("m") == folder.data("again"))
  }

  @Test func binarisedEvaluationDependsOnTheSeed() throws {
    let model = try SmallModel.path()
    let loss = { (words: [String]) in
      try #require(try Program.run(["evaluate", model, "digits", "--json"] + words).json()["loss"] as? Double)
    }
    let dynamic = ["--binarize", "dynamic"]
    let (grey, one) = (try loss([]), try loss(dynamic))
    #expect(try loss(dynamic) == one && one != grey)
    #expect(try loss(dynamic + ["--seed", "1"]) != one)
  }

  @Test(arguments: [
    (["--objective", "iwae", "--samples", "2", "--warm-up", "linear"], "no separate KL"),
    (["--likelihood", "gaussian", "--binarize", "dynamic"], "--likelihood bernoulli"),
    (["--schedule", "exponential"], "--schedule-decay"), (["--schedule", "steps"], "--milestones"),
    (["--milestones", "2,3"], "--schedule steps"), (["--schedule-floor", "0.1"], "--schedule cosine"),
    (["--schedule", "cosine", "--schedule-floor", "0.1"], "over the learning rate"),
    (["--schedule", "steps", "--milestones", "3,2"], "rising order"), (["--schedule", "linear"], "burda"),
    (["--warm-up", "linear", "--warm-up-cycles", "2"], "--warm-up cyclic"), (["--clip-norm", "0"], "a number"),
    (["--patience", "2", "--validation", "0"], "held out"), (["--weight-decay", "1001"], "from 0 to 1000"),
    (["--weight-decay", "900", "--learning-rate", "0.1"], "whole weight"), (["--patience", "-1"], "--patience"),
  ])
  func refusals(_ words: [String], _ part: String) throws {
    expectError(try Program.run(["train", "digits"] + words), code: 2, part)
  }

  /// What a checkpoint says already is not to be said again.
  @Test func resumeTakesNoneOfThem() throws {
    for words in [["--patience", "3"], ["--schedule", "burda"], ["--warm-up", "linear"], ["--binarize", "dynamic"]] {
      expectError(try Program.run(["train", "digits", "--resume", "c"] + words), code: 2, "does not go with --resume")
    }
  }
}
