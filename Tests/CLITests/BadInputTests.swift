import Foundation
import Testing

/// Data and models that cannot be used: exit code 1 and one line that says what was found and what is allowed.
@Suite struct BadInputTests {
  private let folder = Folder()

  private func train(_ data: String, _ extra: String...) throws -> Outcome {
    try Program.run(["train", data, "--epochs", "1", "--hidden", "4", "--latent", "2"] + extra, in: folder.path)
  }

  private func idx(_ magic: [UInt8] = [0, 0, 8, 3], count: UInt8, bytes: Int) -> Data {
    Data(magic + [0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 4] + [UInt8](repeating: 7, count: bytes))
  }

  @Test func missingFile() throws {
    expectError(try train("missing.csv"), code: 1, "missing.csv", "No such file or directory")
    expectError(try Program.run(["info", "missing.safetensors"]), code: 1, "missing.safetensors", "No such file")
    expectError(try Program.run(["evaluate", "missing.safetensors", "digits"]), code: 1, "missing.safetensors")
    expectError(try train("digits", "--validation", "missing.csv"), code: 1, "missing.csv", "No such file")
    expectError(try train("digits", "--resume", "missing"), code: 2, "--hidden")
    expectError(try Program.run(["train", "digits", "--resume", "missing"], in: folder.path), code: 1, "missing")
    #expect(folder.names.isEmpty, "no output is left: \(folder.names)")
  }

  @Test func numbersBeyondIntegers() throws {
    try Data("a\n1e20\n1e20\n1\n2\n1e20\n".utf8).write(to: URL(fileURLWithPath: folder("large.csv")))
    let outcome = try train("large.csv", "--likelihood", "gaussian")
    #expect(outcome.code == 1 && outcome.errors.contains("mean 6e+19"), "\(outcome.errors)")
    #expect(outcome.errors.contains("not finite"), "\(outcome.errors)")
  }

  @Test func folderInsteadOfFile() throws {
    expectError(try train("."), code: 1, "is a folder")
    expectError(try Program.run(["info", "/tmp"]), code: 1, "/tmp", "folder")
    expectError(try train("digits", "--out", folder.path), code: 1, "folder")
  }

  @Test func emptyFile() throws {
    for name in ["e.csv", "e.npy", "e.idx", "e"] {
      try folder.write(name, "")
      expectError(try train(name), code: 1, name, "empty")
    }
    expectError(try Program.run(["info", folder("e")]), code: 1, folder("e"), "empty")
  }

  @Test func truncatedIDX() throws {
    try folder.write("t.idx", idx(count: 3, bytes: 47))
    expectError(try train("t.idx"), code: 1, "t.idx", "truncated", "48")
    try folder.write("h.idx", Data([0, 0, 8, 3, 0, 0]))
    expectError(try train("h.idx"), code: 1, "h.idx", "truncated")
    try folder.write("long.idx", idx(count: 3, bytes: 49))
    expectError(try train("long.idx"), code: 1, "long.idx")
  }

  @Test func wrongMagic() throws {
    try folder.write("m.idx", idx([1, 2, 8, 3], count: 1, bytes: 16))
    expectError(try train("m.idx"), code: 1, "m.idx", "magic")
    try folder.write("type.idx", idx([0, 0, 0x42, 3], count: 1, bytes: 16))
    expectError(try train("type.idx"), code: 1, "type.idx")
    try folder.write("m.npy", "NUMPY but not really, and long enough to be one")
    expectError(try train("m.npy"), code: 1, "m.npy", "magic")
    try folder.write("m.bin", "whatever")
    expectError(try train("m.bin"), code: 1, "m.bin", "IDX, .npy and .csv")
    try folder.write("m.csv.gz", Data([0x1f, 0x8b, 8, 0, 1, 2, 3]))
    expectError(try train("m.csv.gz"), code: 1, "m.csv.gz", "gzip")
  }

  @Test func textInCSV() throws {
    try folder.write("t.csv", "a,b\n0.1,0.2\n0.3,blue\n")
    expectError(try train("t.csv"), code: 1, "t.csv", "line 3, column 2", "blue")
    try folder.write("r.csv", "0.1,0.2\n0.3\n")
    expectError(try train("r.csv"), code: 1, "r.csv", "line 2")
  }

  @Test func valuesThatAreNotFinite() throws {
    for (word, shown) in [("nan", "nan"), ("inf", "inf"), ("-inf", "-inf")] {
      try folder.write("v.csv", "0.1,0.2\n0.3,\(word)\n")
      for likelihood in ["bernoulli", "gaussian"] {
        expectError(try train("v.csv", "--likelihood", likelihood), code: 1, "v.csv: line 2, column 2", shown)
      }
    }
    let model = try SmallModel.path()
    var cells = [String](repeating: "0.5", count: 784)
    cells[700] = "nan"
    try folder.write("row.csv", cells.joined(separator: ",") + "\n")
    for command in ["evaluate", "encode", "reconstruct"] {
      expectError(try Program.run([command, model, folder("row.csv")]), code: 1, "row.csv", "column 701", "nan")
    }
    try folder.write("z.csv", "0,0,inf\n")
    expectError(try Program.run(["decode", model, folder("z.csv")]), code: 1, "z.csv", "column 3", "inf")
  }

  @Test func valuesOutsideOfBernoulli() throws {
    try folder.write("b.csv", "0.1,0.2\n0.3,1.5\n0,0\n")
    expectError(try train("b.csv"), code: 1, "b.csv: line 2, column 2", "1.5", "0 to 1", "--likelihood gaussian")
    try folder.write("n.csv", "0.1,-0.25\n")
    expectError(try train("n.csv"), code: 1, "n.csv: line 1, column 2", "-0.25")
    expectError(try train("digits", "--scale", "1"), code: 1, "digits", "0 to 1", "--likelihood gaussian")
    #expect(try train("b.csv", "--likelihood", "gaussian").code == 0)
    let model = try SmallModel.path()
    expectError(try Program.run(["evaluate", model, "digits", "--scale", "1"]), code: 1, "digits:test", "0 to 1")
  }

  @Test func zeroExamples() throws {
    try folder.write("z.idx", idx(count: 0, bytes: 0))
    expectError(try train("z.idx"), code: 1, "z.idx", "no rows")
    try folder.write("z.csv", "a,b\n")
    expectError(try train("z.csv"), code: 1, "z.csv")
    expectError(try train("digits:test", "--validation", "0.0001"), code: 1, "validation")
    expectError(try Program.run(["sample", "m", "--count", "0"]), code: 2, "--count 0", "1 to")
  }

  @Test func wrongDimension() throws {
    let model = try SmallModel.path()
    try folder.write("four.csv", "0,0,1,1\n")
    for command in ["evaluate", "encode", "reconstruct"] {
      expectError(try Program.run([command, model, folder("four.csv")]), code: 1, "four.csv", "4 values", "takes 784")
    }
    expectError(try Program.run(["decode", model, folder("four.csv")]), code: 1, "four.csv", "4 numbers", "3 latent")
    expectError(try train("digits", "--validation", folder("four.csv")), code: 1, "four.csv", "4 values", "784")
    #expect(try train("digits:test", "--checkpoint", "run").code == 0)
    let resumed = try Program.run(["train", folder("four.csv"), "--resume", folder("run")], in: folder.path)
    expectError(resumed, code: 1, "four.csv", "4 values", "784")
    expectError(try train("digits", "--shape", "3x3", "--pictures", "p"), code: 2, "--shape 3x3", "784")
    let sample = try Program.run(["sample", model, "--shape", "3x3", "--out", folder("s.png")])
    expectError(sample, code: 2, "--shape 3x3", "784")
  }

  @Test func noSquarePicture() throws {
    try folder.write("p.csv", "0,0,1\n1,0,1\n")
    expectError(try train("p.csv", "--pictures", "p"), code: 2, "3 values", "--shape HxW")
    #expect(try train("p.csv", "--pictures", "p", "--shape", "1x3").code == 0)
    expectError(
      try Program.run(["sample", "model.safetensors", "--out", "s.png"], in: folder.path), code: 2, "--shape HxW")
  }

  /// Every truncation and every kind of lie in a model file is refused; nothing crashes.
  @Test func damagedModels() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: SmallModel.path()))
    for size in [1, 7, 8, 9, 100, good.count / 2, good.count - 1] {
      try folder.write("m", good.prefix(size))
      expectError(try Program.run(["info", folder("m")]), code: 1, folder("m"))
    }
    let header = good.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let text = String(decoding: good[8..<8 + header], as: UTF8.self)
    let lies: [(String, String)] = [
      ("\"F32\"", "\"F64\""), ("[0,", "[4,"), ("\"encoder.0.bias\"", "\"encoder.0.bios\""), ("784", "785"),
      ("[0,", "[9223372036854775808,"), ("[0,", "[-1,"), ("[0,", "[0.5,"), ("__metadata__", "__metadada__"), ("{", "["),
      ("\"libvae.format\":\"1\"", "\"libvae.format\":\"9\""),
    ]
    for (truth, lie) in lies {
      let place = try #require(text.range(of: truth), "\(truth) in \(text.prefix(300))")
      let bytes = Data(text.replacingCharacters(in: place, with: lie).utf8)
      let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Data($0) }
      try folder.write("m", length + bytes + good[(8 + header)...])
      expectError(try Program.run(["info", folder("m")]), code: 1, folder("m"))
    }
    for length in [UInt64.max, 1 << 63, UInt64(good.count), 0] {
      try folder.write("m", withUnsafeBytes(of: length.littleEndian) { Data($0) } + good[8...])
      expectError(try Program.run(["info", folder("m")]), code: 1, folder("m"))
    }
    var poisoned = good
    poisoned.replaceSubrange(poisoned.count - 4..<poisoned.count, with: [0, 0, 0xc0, 0x7f])
    try folder.write("m", poisoned)
    expectError(try Program.run(["sample", folder("m"), "--out", "-"]), code: 1, folder("m"))
    // The wrong kind of file altogether.
    try folder.write("m", "a,b\n1,2\n")
    expectError(try Program.run(["evaluate", folder("m"), "digits"]), code: 1, folder("m"))
    expectError(try Program.run(["evaluate", "digits", "digits"]), code: 1, "digits")
  }

  /// A learning rate that cannot work ends in an error that names where, not in a model of NaNs.
  @Test func divergence() throws {
    try folder.write("big.csv", (0..<64).map { "\($0)e18,-\($0)e18\n" }.joined())
    let outcome = try Program.run(
      ["train", "big.csv", "--likelihood", "gaussian", "--sigma", "0.0001", "--learning-rate", "1000", "--quiet"],
      in: folder.path)
    expectError(outcome, code: 1, "epoch", "A lower learning rate (now 1000) may help")
    #expect(outcome.errors.components(separatedBy: "may help").count == 2)
    #expect(!folder.exists("model.safetensors"))
  }
}
