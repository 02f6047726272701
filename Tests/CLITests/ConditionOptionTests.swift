import Foundation
import Testing

/// `--condition`: labels and numbers, in training and beside every command that runs a model.
@Suite struct ConditionOptionTests {
  private let folder = Folder()

  private func run(_ words: String...) throws -> Outcome { try Program.run(words, in: folder.path) }

  private func ok(_ words: String..., location: SourceLocation = #_sourceLocation) throws -> Outcome {
    let outcome = try Program.run(words, in: folder.path)
    try #require(outcome.code == 0, "\(words): \(outcome.errors)", sourceLocation: location)
    return outcome
  }

  /// 60 rows that are their class, of three, and a little more; `extra` is what `train` gets besides.
  private func trainTable(_ extra: [String]) throws -> Outcome {
    let lines = (0..<60).map { row in "\(row % 3),0.\(row % 7),\(row % 3 == 1 ? 1 : 0)" }
    try folder.write("x.csv", lines.joined(separator: "\n") + "\n")
    try folder.write("c.csv", (0..<60).map { "\($0 % 3)" }.joined(separator: "\n") + "\n")
    let words = ["train", "x.csv", "--likelihood", "gaussian", "--hidden", "8", "--latent", "2", "--epochs", "3"]
    return try Program.run(words + ["--out", "m.safetensors"] + extra, in: folder.path)
  }

  @Test func labelsOfDigits() throws {
    let trained = try ok(
      "train", "digits:test", "--condition", "labels", "--hidden", "8", "--latent", "2", "--epochs", "1", "--json")
    #expect(trained.errors.contains("Condition: a class of 10 each"))
    let info = try ok("info", "model.safetensors", "--json").json()
    #expect(info["condition_dim"] as? Int == 10)
    #expect(try ok("info", "model.safetensors").output.contains("condition    10 values\n"))

    let told = try ok("evaluate", "model.safetensors", "digits", "--condition", "labels", "--json").json()
    let other = try ok("evaluate", "model.safetensors", "digits", "--condition", "3", "--json").json()
    #expect(told["loss"] as? Double != other["loss"] as? Double)
    _ = try ok("digits", "--part", "test", "--out", "d.idx", "--labels", "l.idx")
    let file = try ok("evaluate", "model.safetensors", "d.idx", "--condition", "l.idx", "--json").json()
    #expect(file["loss"] as? Double == told["loss"] as? Double)

    _ = try ok("encode", "model.safetensors", "digits", "--condition", "labels", "--out", "z.npy")
    #expect(try NPY(folder.data("z.npy")).shape == [1000, 2])
    _ = try ok("reconstruct", "model.safetensors", "digits", "--condition", "labels", "--out", "r.npy")
    _ = try ok("decode", "model.safetensors", "z.npy", "--condition", "4", "--out", "d.npy")
    #expect(try NPY(folder.data("d.npy")).shape == [1000, 784])
    _ = try ok(
      "evaluate", "model.safetensors", "digits", "--condition", "labels", "--statistics", "--importance-samples", "5")
  }

  /// Classes are taken in turn, and the noise of a row does not depend on them.
  @Test func samplesOfClasses() throws {
    #expect(try trainTable(["--condition", "c.csv", "--quiet"]).code == 0)
    _ = try ok("sample", "m.safetensors", "--condition", "0,1,2", "--count", "7", "--out", "all.npy")
    let all = try NPY(folder.data("all.npy"))
    #expect(all.shape == [7, 3])
    for label in 0..<3 {
      _ = try ok("sample", "m.safetensors", "--condition", "\(label)", "--count", "7", "--out", "one.npy")
      let one = try NPY(folder.data("one.npy"))
      for row in stride(from: label, to: 7, by: 3) {
        #expect(Array(one.values[row * 3..<row * 3 + 3]) == Array(all.values[row * 3..<row * 3 + 3]))
      }
    }
    try folder.write("turn.csv", "0\n1\n2\n")
    _ = try ok("sample", "m.safetensors", "--condition", "turn.csv", "--count", "7", "--out", "file.npy")
    #expect(try NPY(folder.data("file.npy")).values == all.values)
  }

  @Test func numbersAndKinds() throws {
    let asLabels = try trainTable(["--condition", "c.csv"])
    #expect(asLabels.code == 0 && asLabels.errors.contains("Condition: a class of 3 each"), "\(asLabels.errors)")
    let asNumbers = try trainTable(["--condition", "c.csv", "--condition-kind", "real"])
    #expect(asNumbers.errors.contains("Condition: 1 number a row"), "\(asNumbers.errors)")
    _ = try ok("evaluate", "m.safetensors", "x.csv", "--condition", "c.csv")
    let more = try trainTable(["--condition", "c.csv", "--classes", "5"])
    #expect(more.code == 0 && more.errors.contains("a class of 5 each"))
    try folder.write("wide.csv", (0..<60).map { "0.5,\($0)" }.joined(separator: "\n") + "\n")
    #expect(try trainTable(["--condition", "wide.csv"]).errors.contains("Condition: 2 numbers a row"))
    _ = try ok("evaluate", "m.safetensors", "x.csv", "--condition", "wide.csv")
    // The held-out part keeps its own conditions: other data than those rows would give another loss.
    let whole = try trainTable([
      "--condition", "c.csv", "--validation", "x.csv", "--validation-condition", "c.csv", "--json",
    ])
    #expect(whole.code == 0, "\(whole.errors)")
  }

  /// The condition of what is held out is read as what was trained on: whole numbers are no classes beside other numbers.
  @Test func heldOutKind() throws {
    let heldOut = ["--validation", "x.csv", "--validation-condition"]
    let numbers = try trainTable(["--condition", "c.csv", "--condition-kind", "real"] + heldOut + ["c.csv"])
    #expect(numbers.code == 0, "\(numbers.errors)")
    try folder.write("wide.csv", (0..<60).map { "0.5,\($0),1" }.joined(separator: "\n") + "\n")
    expectError(
      try trainTable(["--condition", "wide.csv"] + heldOut + ["c.csv"]), code: 1, "c.csv", "a row has 1 number")
    expectError(
      try trainTable(["--condition", "wide.csv"] + heldOut + ["0,1,2"]), code: 2, "--validation-condition has classes")
    expectError(try trainTable(["--condition", "c.csv"] + heldOut + ["wide.csv"]), code: 1, "wide.csv", "3 columns")
  }

  @Test func resuming() throws {
    #expect(try trainTable(["--condition", "c.csv", "--checkpoint", "run.safetensors", "--quiet"]).code == 0)
    let words = ["train", "x.csv", "--resume", "run.safetensors", "--epochs", "5", "--out", "n.safetensors"]
    #expect(try Program.run(words + ["--condition", "c.csv"], in: folder.path).code == 0)
    expectError(try Program.run(words, in: folder.path), code: 2, "--condition")
    let real = ["--condition", "c.csv", "--condition-kind", "real", "--checkpoint", "run.safetensors", "--quiet"]
    #expect(try trainTable(real).code == 0)
    #expect(try Program.run(words + ["--condition", "c.csv"], in: folder.path).code == 0)
  }

  @Test func errors() throws {
    #expect(try trainTable(["--condition", "c.csv", "--quiet"]).code == 0)
    expectError(try run("evaluate", "m.safetensors", "x.csv"), code: 2, "a condition of 3 values", "--condition")
    expectError(try run("sample", "m.safetensors", "--out", "s.npy"), code: 2, "a condition of 3 values")
    expectError(
      try run("sample", "m.safetensors", "--condition", "3", "--out", "s.npy"), code: 1, "3 is no class", "0 to 2")
    expectError(
      try run("sample", "m.safetensors", "--condition", "labels", "--out", "s.npy"), code: 2, "there are no data here")
    expectError(try run("evaluate", "m.safetensors", "x.csv", "--condition", "labels"), code: 1, "x.csv", "no labels")
    expectError(try run("evaluate", "m.safetensors", "x.csv", "--condition", "0,1"), code: 1, "2 rows", "60")
    try folder.write("two.csv", "0.5,1\n")
    expectError(
      try run("evaluate", "m.safetensors", "x.csv", "--condition", "two.csv"), code: 1, "two.csv", "2 numbers")
    expectError(try run("evaluate", "m.safetensors", "x.csv", "--condition", "no.csv"), code: 1, "no.csv")
    try folder.write("short.csv", "0\n1\n")
    expectError(try trainTable(["--condition", "short.csv"]), code: 1, "2 rows", "60")
    try folder.write("negative.csv", (0..<60).map { $0 == 4 ? "-1" : "1" }.joined(separator: "\n"))
    expectError(
      try trainTable(["--condition", "negative.csv", "--condition-kind", "labels"]), code: 1, "row 5", "-1 is no class")
    expectError(
      try trainTable(["--condition", "c.csv", "--classes", "2"]), code: 2, "--classes 2", "highest label is 2")
    expectError(try trainTable(["--classes", "2"]), code: 2, "--classes 2 needs --condition")
    expectError(try trainTable(["--condition", "c.csv", "--observed", "left"]), code: 2, "--observed")
    expectError(
      try run("sample", "m.safetensors", "--condition", "c.csv", "--out", "c.csv"), code: 2, "c.csv", "the condition")
    expectError(try trainTable(["--condition", "c.csv", "--validation", "x.csv"]), code: 2, "--validation-condition")
    expectError(try trainTable(["--prior", "conditional"]), code: 2, "--prior conditional needs a condition")
    expectError(try trainTable(["--prior", "vamp", "--condition", "c.csv"]), code: 2, "--prior vamp")
    let plain = try SmallModel.path()
    expectError(try run("sample", plain, "--condition", "1", "--out", "s.npy"), code: 1, "has no condition")
    expectError(try run("evaluate", plain, "digits", "--condition", "labels"), code: 1, "has no condition")
  }
}
