import Foundation
import Testing

/// `train --observed` and `complete`: parts of images given the others.
@Suite struct CompleteTests {
  private let folder = Folder()

  private func run(_ words: [String]) throws -> Outcome { try Program.run(words, in: folder.path) }

  private func ok(_ words: [String], _ location: SourceLocation = #_sourceLocation) throws -> Outcome {
    let outcome = try run(words)
    try #require(outcome.code == 0, "\(words): \(outcome.errors)", sourceLocation: location)
    return outcome
  }

  private func train(_ part: String, _ extra: [String] = []) throws -> Outcome {
    let words = ["train", "digits:test", "--observed", part, "--hidden", "8", "--latent", "2", "--epochs", "1"]
    // Not ReLU: all of a few units could be off.
    return try run(words + ["--activation", "elu"] + ["--out", "m.safetensors"] + extra)
  }

  @Test(arguments: [("left", 392), ("top", 392), ("quadrants=1", 588), ("quadrants=3", 196)])
  func dimensions(part: String, missing: Int) throws {
    let outcome = try train(part)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("784 numbers a row, the images with what is seen (--observed \(part))"))
    #expect(outcome.output.contains("complete m.safetensors digits:test --observed \(part)"))
    let info = try ok(["info", "m.safetensors", "--json"]).json()
    #expect(info["input_dim"] as? Int == missing && info["condition_dim"] as? Int == 784)
  }

  /// Held-out images of as many pixels but another shape have other pixels at their left.
  @Test func heldOutShape() throws {
    let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0, 56]
    try Data(header + [UInt8](repeating: 9, count: 2 * 784)).write(to: URL(fileURLWithPath: folder.path + "/w.idx"))
    expectError(
      try train("left", ["--validation", "w.idx"]), code: 1, "w.idx", "14 x 56", "28 x 28", "--observed left")
    #expect(try train("left", ["--validation", "w.idx", "--shape", "28x28"]).code == 0)
  }

  /// What is seen stays as it is; what is missing differs from draw to draw.
  @Test func completions() throws {
    #expect(try train("quadrants=1", ["--quiet"]).code == 0)
    let words = ["complete", "m.safetensors", "digits", "--observed", "quadrants=1", "--count", "3", "--draws", "2"]
    let json = try ok(words + ["--out", "c.npy", "--json"]).json()
    #expect(json["rows"] as? Int == 3 && json["draws"] as? Int == 2 && json["observed"] as? String == "quadrants=1")
    let completed = try NPY(folder.data("c.npy"))
    #expect(completed.shape == [3, 2, 28, 28])
    _ = try ok(["digits", "--part", "test", "--out", "d.csv"])
    let truth = try folder.text("d.csv").split(separator: "\n").prefix(3).map { line in
      try line.split(separator: ",").map { try #require(Float($0)) }
    }
    for row in 0..<3 {
      let images = (0..<2).map { draw in
        Array(completed.values[(row * 2 + draw) * 784..<(row * 2 + draw + 1) * 784])
      }
      for pixel in 0..<784 where pixel / 28 >= 14 && pixel % 28 < 14 {
        if images[0][pixel] != truth[row][pixel] || images[1][pixel] != truth[row][pixel] {
          Issue.record("row \(row), pixel \(pixel): \(images[0][pixel]), not \(truth[row][pixel])")
          return
        }
      }
      #expect(images[0] != images[1])
    }
    // More draws or images leave an image's first ones as they were only with as many draws; a seed gives others.
    _ = try ok(words + ["--out", "again.npy"])
    #expect(try folder.data("again.npy") == folder.data("c.npy"))
    _ = try ok(words + ["--out", "other.npy", "--seed", "1"])
    #expect(try folder.data("other.npy") != folder.data("c.npy"))

    let said = try ok(words + ["--out", "c.png"])
    #expect(said.output.contains("2 completions of 3 images are in c.png: from left to right"))
    // Three lines of four tiles of 28 pixels, doubled; wide spaces between the three parts.
    let png = try folder.data("c.png")
    let side = { (at: Int) in png[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    #expect(side(16) == 2 + 4 * 58 + 2 * 8 && side(20) == 2 + 3 * 58)
  }

  @Test func otherCommandsTakeThePart() throws {
    #expect(try train("left", ["--quiet"]).code == 0)
    let loss = try ok(["evaluate", "m.safetensors", "digits", "--observed", "left", "--json"]).json()
    #expect((loss["loss"] as? Double ?? 0) > 10)
    _ = try ok(["encode", "m.safetensors", "digits", "--observed", "left", "--out", "z.npy"])
    #expect(try NPY(folder.data("z.npy")).shape == [1000, 2])
    expectError(try run(["evaluate", "m.safetensors", "digits", "--observed", "quadrants=1"]), code: 1, "588", "392")
  }

  @Test func errors() throws {
    let plain = try SmallModel.path()
    let words = ["complete", plain, "digits"]
    expectError(try run(words + ["--out", "c.png"]), code: 2, "--observed PART is missing")
    expectError(try run(words + ["--observed", "left"]), code: 2, "--out FILE is missing")
    expectError(try run(words + ["--observed", "left", "--out", "c.csv"]), code: 2, "c.csv", ".png or .npy")
    expectError(try run(words + ["--observed", "right", "--out", "c.png"]), code: 2, "right", "left, top")
    expectError(
      try run(words + ["--observed", "left", "--out", "c.png"]), code: 1, "has no condition", "train --observed left")
    expectError(try train("left", ["--pictures", "p"]), code: 2, "--pictures", "--observed")
    try folder.write("odd.csv", (0..<20).map { "0,0.5,1,0.2,\($0 % 2)" }.joined(separator: "\n"))
    expectError(
      try run(["train", "odd.csv", "--observed", "left", "--hidden", "4", "--latent", "1"]), code: 2, "--shape HxW")
  }
}
