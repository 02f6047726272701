import Foundation
import Testing

/// An output that would destroy an input or another output: exit code 2, and every file is left as it was.
@Suite struct OutputConflictTests {
  private let folder = Folder()

  @Test(arguments: [
    ("train d.csv --log d.csv", "--log d.csv is the data too; give it a name of its own"),
    ("train d.csv --out ./d", "--out ./d is the data too"), ("train digits --resume ck --log ck", "--log ck is the ch"),
    ("train digits --resume ck --out link", "--out link is the checkpoint of --resume too"),
    ("train digits --validation d.csv --log hard", "--log hard is the data of --validation too"),
    ("train digits --out a --log a", "--log a is the file of --out a too"),
    ("train digits --out a --checkpoint sub/../a", "--checkpoint sub/../a is the file of --out a too"),
    ("train digits --checkpoint a --log dangling", "--log dangling is the file of --checkpoint a too"),
    ("train digits --checkpoint model.safetensors", "is the file of --out model.safetensors too"),
    ("train digits --pictures sub --log sub/samples.png", "--pictures sub/samples.png is the file of --log"),
    ("encode m.csv digits --out m.csv", "--out m.csv is the model too"),
    ("encode ck d.csv --out d.csv", "--out d.csv is the data too"),
    ("evaluate ck d.csv --out sub/../d.csv", "is the data too"),
    ("reconstruct ck d.csv --out d.csv", "is the data too"), ("decode ck d.csv --out d.csv", "is the codes too"),
    ("sample m.csv --out m.csv", "is the model too"),
    ("digits --out a.npy --labels ./a.npy", "--labels ./a.npy is the file of --out a.npy too"),
  ])
  func refused(line: String, message: String) throws {
    let names = ["d.csv", "ck", "m.csv"]
    for name in names { try folder.write(name, "0,1\n") }
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder("sub"), withIntermediateDirectories: false)
    try manager.createSymbolicLink(atPath: folder("link"), withDestinationPath: "ck")
    try manager.createSymbolicLink(atPath: folder("d"), withDestinationPath: folder("d.csv"))
    try manager.createSymbolicLink(atPath: folder("dangling"), withDestinationPath: "sub/../a")
    try manager.linkItem(atPath: folder("d.csv"), toPath: folder("hard"))
    let before = folder.names
    expectError(try Program.run(line.split(separator: " ").map(String.init), in: folder.path), code: 2, message)
    for name in names { #expect(try folder.text(name) == "0,1\n") }
    #expect(folder.names == before)
  }

  /// What holds nothing that can be destroyed, and a run that keeps its checkpoint in one file.
  @Test func allowed() throws {
    let start = ["train", "digits:test", "--quiet", "--hidden", "4", "--epochs", "1", "--checkpoint", "ck"]
    let devices = ["--out", "/dev/null", "--log", "/dev/null"]
    #expect(try Program.run(start + devices, in: folder.path).code == 0)
    let again = ["train", "digits:test", "--quiet", "--epochs", "2", "--resume", "ck", "--checkpoint", "./ck"]
    #expect(try Program.run(again, in: folder.path).code == 0)
  }
}
