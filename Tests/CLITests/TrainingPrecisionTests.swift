import Foundation
import Testing

/// `--precision`. Where the processor has no bfloat16, that is refused in words, and the fallback trains in float32.
@Suite struct TrainingPrecisionTests {
  private let train = [
    "train", "digits", "--hidden", "100", "--latent", "8", "--epochs", "2", "--threads", "2", "--json",
  ]

  private func loss(_ outcome: Outcome) throws -> Double {
    try #require(outcome.code == 0, "\(outcome.errors)")
    return try #require(try outcome.json()["validation_loss"] as? Double)
  }

  private func precision(of file: String) throws -> String {
    let training = try #require(try Program.run(["info", file, "--json"]).json()["training"] as? [String: Any])
    return training["precision"] as? String ?? "float32"
  }

  @Test func learnsAsInFloat32() throws {
    let folder = Folder()
    let out = { (name: String) in ["--out", folder(name), "--checkpoint", folder(name + ".run")] }
    let single = try loss(Program.run(train + out("single")))
    let half = try Program.run(train + out("half") + ["--precision", "bf16"])
    let has = half.code == 0
    if !has { expectError(half, code: 1, "AVX512_BF16") }
    let either = try Program.run(train + out("either") + ["--precision", "bf16-or-float32"])
    #expect(abs(try loss(either) - single) < 1)  // nats, of about 150
    #expect(try precision(of: folder("single")) == "float32")
    #expect(try precision(of: folder("either")) == (has ? "bf16" : "float32"))
    #expect(either.errors.contains(has ? "2 threads, bf16" : "training in float32"), "\(either.errors)")
    guard has else { return }
    #expect(try folder.data("half") == folder.data("either"))
    #expect(try Program.run(["info", folder("half")]).output.contains("products in bf16"))

    // A run goes on in its own precision, or in float32 where that is asked for.
    let resume = ["train", "digits", "--epochs", "4", "--quiet", "--resume", folder("half.run")]
    #expect(try Program.run(resume + ["--out", folder("resumed")]).code == 0)
    #expect(try precision(of: folder("resumed")) == "bf16")
    #expect(try Program.run(resume + ["--out", folder("changed"), "--precision", "float32"]).code == 0)
    #expect(try precision(of: folder("changed")) == "float32")
    // bf16-or-float32 changes nothing where there is bf16; a named precision does, and that is said.
    let back = [
      "train", "digits", "--epochs", "4", "--resume", folder("single.run"), "--json", "--out", folder("back"),
    ]
    #expect(try Program.run(back + ["--precision", "bf16-or-float32"]).json()["precision"] as? String == "float32")
    let forced = try Program.run(back + ["--precision", "bf16"])
    #expect(try forced.json()["precision"] as? String == "bf16")
    #expect(forced.errors.contains("ran in float32; going on in bf16"), "\(forced.errors)")
    // Other kernels have no bfloat16, whatever the processor.
    let elsewhere = try Program.run(resume + ["--out", folder("elsewhere")], environment: ["VAE_ISA": "portable"])
    expectError(elsewhere, code: 1, "bf16", "portable", "--precision float32")
  }

  @Test func refusesOtherWords() throws {
    expectError(try Program.run(train + ["--precision", "int8"]), code: 2, "--precision", "bf16-or-float32")
  }
}
