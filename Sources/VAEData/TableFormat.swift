import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The kinds of files that hold a table.
public enum TableFormat: String, Sendable, CaseIterable {
  /// NumPy's array file.
  case npy
  /// Text: a line per row, numbers separated by commas.
  case csv
  /// The format of the MNIST files.
  case idx

  /// The format that an ending stands for: `.npy`, `.csv`, `.idx`, or a name as `...-idx3-ubyte`; nil for every other.
  init?(ending name: String) {
    let lower = name.lowercased()
    if lower.hasSuffix(".npy") {
      self = .npy
    } else if lower.hasSuffix(".csv") {
      self = .csv
    } else if lower.hasSuffix(".idx") || lower.hasSuffix("ubyte") {
      self = .idx
    } else {
      return nil
    }
  }

  /// The format to write to `path`, by its ending: `.npy`, `.csv`, `.idx` or `...ubyte`.
  ///
  /// Standard output (`-`), and devices and pipes without such an ending, get CSV.
  ///
  /// - Throws: ``DataError`` of kind `argument` where the ending is another.
  public init(path: String) throws(DataError) {
    if let format = TableFormat(ending: path) {
      self = format
      return
    }
    var info = stat()
    let isThere = path != "-" && stat(path, &info) == 0
    if path == "-" || isThere && ![S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT) {
      self = .csv
      return
    }
    throw DataError(
      .argument, path, "the ending says nothing about the kind of file; allowed are .npy, .csv, .idx and ...ubyte")
  }
}
