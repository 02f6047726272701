import VAEData
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that a command reads, and what it is: "the data".
struct InputFile {
  let role: String
  let path: String

  init(_ role: String, _ path: String) { (self.role, self.path) = (role, path) }

  /// DATA or Z; nil for the bundled digits, which are no file.
  static func data(_ role: String, _ source: String) -> InputFile? {
    DigitsPart(rawValue: source) == nil ? InputFile(role, source) : nil
  }
}

/// A file that a command writes: the option, with its dashes, and the path.
struct OutputFile {
  let option: String
  let path: String
  /// Another name of the file that may be both: `--checkpoint` and `--resume`.
  var mayBe: String?

  init(_ option: String, _ path: String, mayBe: String? = nil) {
    (self.option, self.path, self.mayBe) = (option, path, mayBe)
  }
}

/// Throws where an output would destroy an input or another output. Nothing is opened.
///
/// Files are the same whatever their paths look like: `a` and `./a`, or a link and what it leads to. Devices, pipes and
/// `-` hold nothing that can be destroyed, and are not compared.
func checkConflicts(inputs: [InputFile?], outputs: [OutputFile?]) throws(UsageError) {
  let remedy = "give it a name of its own"
  var earlier: [(output: OutputFile, identity: FileIdentity)] = []
  for output in outputs.compactMap({ $0 }) {
    guard let identity = FileIdentity(output.path) else { continue }
    let name = "\(output.option) \(quoted(output.path))"
    for input in inputs.compactMap({ $0 }) where input.role != output.mayBe {
      if FileIdentity(input.path) == identity { throw UsageError("\(name) is \(input.role) too; \(remedy)") }
    }
    if let other = earlier.first(where: { $0.identity == identity })?.output {
      throw UsageError("\(name) is the file of \(other.option) \(quoted(other.path)) too; \(remedy)")
    }
    earlier.append((output, identity))
  }
}

/// Which regular file a path leads to, or would make.
private enum FileIdentity: Equatable {
  case existing(device: dev_t, inode: ino_t)
  case new(device: dev_t, folder: ino_t, name: String)

  /// Nil for `-`, for what is no regular file, and where no file can be made.
  init?(_ given: String) {
    if given == "-" { return nil }
    var info = stat()
    if stat(given, &info) == 0 {
      guard info.st_mode & S_IFMT == S_IFREG else { return nil }
      self = .existing(device: info.st_dev, inode: info.st_ino)
      return
    }
    var path = given
    // A link that leads nowhere yet: the file will be made at its end.
    for _ in 0..<40 {
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      let folder = slash.map { String(path[...$0]) } ?? "./"
      let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
      if let link = linkTarget(path) {
        path = link.hasPrefix("/") ? link : folder + link
        continue
      }
      guard !name.isEmpty, stat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { return nil }
      self = .new(device: info.st_dev, folder: info.st_ino, name: name)
      return
    }
    return nil
  }
}

/// What the symbolic link at `path` holds; nil where it is no link.
private func linkTarget(_ path: String) -> String? {
  var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = readlink(path, &bytes, bytes.count)
  return count > 0 ? String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
}
