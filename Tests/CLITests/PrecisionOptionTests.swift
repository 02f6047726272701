import Testing

/// `--precision`: other numbers, but near ones, from every command that runs a model.
@Suite struct PrecisionOptionTests {
  @Test(arguments: ["bf16", "int8"])
  func evaluate(_ precision: String) throws {
    let words = ["evaluate", try SmallModel.path(), "digits", "--json"]
    let exact = try Program.run(words).json()
    let near = try Program.run(words + ["--precision", precision]).json()
    #expect(exact["precision"] as? String == "float32" && near["precision"] as? String == precision)
    let (loss, other) = (try #require(exact["loss"] as? Double), try #require(near["loss"] as? Double))
    #expect(loss != other && abs(loss - other) < 0.01 * loss)
  }

  @Test func everyCommandTakesIt() throws {
    let folder = Folder()
    let model = try SmallModel.path()
    for command in [
      ["encode", model, "digits"], ["reconstruct", model, "digits", "--count", "3"], ["sample", model, "--count", "3"],
      ["decode", model, folder("codes.csv")],
    ] {
      #expect(try Program.run(["encode", model, "digits", "--out", folder("codes.csv")]).code == 0)
      let outputs = try ["float32", "bf16", "int8"].map { precision in
        try Program.run(command + ["--precision", precision, "--out", "-"]).output
      }
      #expect(!outputs.contains("") && Set(outputs).count == 3, "\(command)")
      #expect(try Program.run(command + ["--out", "-"]).output == outputs[0])
    }
  }

  @Test func otherWordsAreRefused() throws {
    expectError(
      try Program.run(["encode", "m", "digits", "--precision", "int4"]), code: 2, "--precision", "int4",
      "float32, bf16, int8")
  }
}
