import Foundation
import Testing

/// `presets` and `train --preset`.
@Suite struct PresetOptionTests {
  private static let names = [
    "tutorial-mse", "kingma-mlp", "leaky-mlp", "two-hidden-bce", "two-hidden-reconstruction-only", "iwae-1layer",
    "vampprior-mlp", "beta-vae-h", "beta-vae-b", "beta-tc", "dip-i", "dip-ii", "info-vae", "wae-rbf", "wae-imq", "swae",
    "log-cosh", "cvae-label", "cvae-quadrant",
  ]

  private let folder = Folder()

  @Test func list() throws {
    let outcome = try Program.run(["presets", "--json"])
    let list = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
    #expect(list.map { $0["name"] as? String } == Self.names)
    for preset in list {
      #expect((preset["source"] as? String)?.isEmpty == false && (preset["summary"] as? String)?.isEmpty == false)
      #expect((preset["epochs"] as? Int ?? 0) > 0)
      #expect((preset["config"] as? [String: Any])?["latent_dim"] is Int)
      #expect((preset["training"] as? [String: Any])?["batch_size"] is Int)
    }
    let text = try Program.run(["presets"]).output
    for name in Self.names { #expect(text.contains("\(name)\n  ")) }
    for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  /// Trained for an epoch with small layers, a preset's model and training are in the file as the list has them, but
  /// for what the options say.
  @Test(arguments: names)
  func trains(name: String) throws {
    let words = ["train", "digits:test", "--preset", name, "--hidden", "8", "--epochs", "1", "--batch", "300"]
    let outcome = try Program.run(words + ["--quiet"], in: folder.path)
    try #require(outcome.code == 0, "\(outcome.errors)")
    let info = try Program.run(["info", "model.safetensors", "--json"], in: folder.path).json()
    let output = try Program.run(["presets", "--json"]).output
    let list = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
    let preset = try #require(list.first { $0["name"] as? String == name })
    let config = try #require(preset["config"] as? [String: Any])
    for (key, value) in config where key != "encoder" && key != "decoder" {
      #expect((info[key] as? NSObject) == (value as? NSObject), "\(name): \(key)")
    }
    for key in ["encoder", "decoder"] {
      let layers = { (json: Any?) in (json as? [[String: Any]])?.first?["activation"] as? String }
      #expect(layers(info[key]) == layers(config[key]) && (info[key] as? [Any])?.count == 1)
    }
    let training = try #require(info["training"] as? [String: Any])
    for (key, value) in try #require(preset["training"] as? [String: Any]) where key != "batch_size" {
      #expect((training[key] as? NSObject) == (value as? NSObject), "\(name): \(key)")
    }
    #expect(training["batch_size"] as? Int == 300)
  }

  @Test func optionsOverride() throws {
    let words = ["train", "digits:test", "--preset", "beta-vae-h", "--hidden", "6,5", "--latent", "3", "--epochs", "1"]
    let more = ["--beta", "2", "--learning-rate", "0.01", "--batch", "100", "--activation", "elu", "--quiet"]
    #expect(try Program.run(words + more, in: folder.path).code == 0)
    let info = try Program.run(["info", "model.safetensors"], in: folder.path).output
    #expect(info.contains("encoder      6 elu, 5 elu\n") && info.contains("decoder      5 elu, 6 elu\n"), "\(info)")
    #expect(info.contains("latent       3,") && info.contains("beta 2\n") && info.contains("batch 100,"))
    #expect(info.contains("learning rate 0.01"))
    // An objective of another kind takes nothing of the preset's.
    let bound = ["--preset", "beta-vae-h", "--hidden", "4", "--objective", "iwae", "--samples", "2", "--epochs", "1"]
    #expect(try Program.run(["train", "digits:test", "--quiet"] + bound, in: folder.path).code == 0)
  }

  /// The loss as other programs count it is beside ours: sigma and beta follow the data and the latents.
  @Test func otherNormalisation() throws {
    let lines = (0..<40).map { row in (0..<5).map { "0.\((row * 7 + $0 * 3) % 10)" }.joined(separator: ",") }
    try folder.write("x.csv", lines.joined(separator: "\n"))
    let words = ["train", "x.csv", "--preset", "tutorial-mse", "--latent", "2", "--hidden", "4", "--epochs", "2"]
    let outcome = try Program.run(words + ["--json"], in: folder.path)
    #expect(outcome.code == 0 && outcome.errors.contains(" = mse 0.") && outcome.errors.contains("mean kl "))
    let json = try outcome.json()
    let number = { (key: String) in json[key] as? Double ?? .nan }
    let sigma = (5.0 / 2).squareRoot()
    let constant = 5 * (log(sigma) + 0.5 * log(2 * Double.pi))
    #expect(abs(number("mean_squared_error") - (number("reconstruction") - constant)) < 1e-6)
    #expect(abs(number("mean_kl") - number("kl") / 2) < 1e-9)
    #expect(abs(number("mean_squared_error") + number("mean_kl") + constant - number("loss")) < 1e-5)
    let info = try Program.run(["info", "model.safetensors", "--json"], in: folder.path).json()
    #expect(abs((info["sigma"] as? Double ?? 0) - sigma) < 1e-12)
  }

  @Test func errors() throws {
    expectError(
      try Program.run(["train", "digits", "--preset", "kingma"]), code: 2, "--preset kingma", "tutorial-mse",
      "cvae-quadrant")
    expectError(try Program.run(["train", "digits", "--preset", "kingma-mpl"]), code: 2, "did you mean kingma-mlp?")
    expectError(
      try Program.run(["train", "digits", "--preset", "swae", "--resume", "f"]), code: 2, "--preset swae", "--resume")
    try folder.write("x.csv", (0..<20).map { "0,0.\($0 % 10)" }.joined(separator: "\n"))
    expectError(try Program.run(["train", "x.csv", "--preset", "cvae-label"], in: folder.path), code: 1, "no labels")
    expectError(
      try Program.run(["train", "digits", "--preset", "vampprior-mlp", "--validation", "0"]), code: 2, "--patience")
  }
}
