import Foundation
import Testing

/// Pictures: they are PNG files of the promised size.
@Suite struct PictureTests {
  private let folder = Folder()

  private func size(_ name: String) throws -> [Int] {
    let data = try folder.data(name)
    try #require(data.prefix(8) == Data([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), "\(name)")
    let number = { (start: Int) in data[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    return [number(16), number(20)]
  }

  /// Tiles of 28 x 28 at twice their size, 2 pixels between and around them.
  private func grid(_ across: Int, _ down: Int) -> [Int] { [2 + across * 58, 2 + down * 58] }

  @Test func sampleGrid() throws {
    let model = try SmallModel.path()
    for (count, expected) in [("64", grid(8, 8)), ("3", grid(2, 2)), ("1", grid(1, 1))] {
      let outcome = try Program.run(["sample", model, "--count", count, "--out", "s.png"], in: folder.path)
      #expect(outcome.code == 0 && outcome.output.contains("s.png"), "\(outcome)")
      #expect(try size("s.png") == expected)
    }
    let other = try Program.run(
      ["sample", model, "--shape", "14x56", "--count", "1", "--out", "s.png"], in: folder.path)
    #expect(try other.code == 0 && size("s.png") == [2 + 114, 2 + 30])
    let wrong = ["sample", model, "--shape", "5x5x3", "--out", "s.png"]
    expectError(try Program.run(wrong, in: folder.path), code: 2, "--shape 5x5x3", "75 values", "784")
    let many = try Program.run(["sample", model, "--count", "1025", "--out", "s.png"])
    expectError(many, code: 2, "--count 1025", "1024")
  }

  @Test func reconstructionsBelowOriginals() throws {
    let model = try SmallModel.path()
    let outcome = try Program.run(["reconstruct", model, "digits", "--out", "r.png"], in: folder.path)
    #expect(outcome.code == 0)
    // 40 pairs in lines of 10, with a wider margin between the lines.
    let expected = grid(10, 8)
    #expect(try size("r.png") == [expected[0], expected[1] + 3 * 4])
    _ = try Program.run(["encode", model, "digits", "--out", "z.npy"], in: folder.path)
    let decoded = try Program.run(["decode", model, "z.npy", "--out", "d.png", "--json"], in: folder.path)
    #expect(try decoded.json()["rows"] as? Int == 1000)
    #expect(try size("d.png") == grid(32, 32))
  }

  @Test(arguments: [("1", 1), ("2", 2), ("5", 5)])
  func trainingPictures(latent: String, _: Int) throws {
    let words = ["train", "digits:test", "--epochs", "1", "--hidden", "16", "--latent", latent, "--json"]
    let outcome = try Program.run(words + ["--pictures", "new"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try size("new/samples.png") == grid(10, 10))
    #expect(try size("new/latent-grid.png") == grid(15, 15))
    let pairs = grid(10, 8)
    #expect(try size("new/reconstructions.png") == [pairs[0], pairs[1] + 12])
    let paths = ["new/samples.png", "new/reconstructions.png", "new/latent-grid.png"]
    #expect(try outcome.json()["pictures"] as? [String] == paths)
    // A second run replaces them, and says where they are.
    let again = try Program.run(words.dropLast() + ["--pictures", "new/"], in: folder.path)
    #expect(again.code == 0)
    for path in paths { #expect(again.output.contains(path)) }
  }
}
