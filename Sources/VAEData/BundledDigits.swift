import CDigits

/// The parts of the bundled digits, which are the first 10,000 images of the MNIST training set.
public enum DigitsPart: String, Sendable, CaseIterable {
  /// All 10,000.
  case all = "digits"
  /// The first 9,000, to train on.
  case train = "digits:train"
  /// The last 1,000, held out.
  case test = "digits:test"

  /// The rows of the bundled data that belong to this part.
  public var rows: Range<Int> {
    switch self {
    case .all: 0..<10_000
    case .train: 0..<9_000
    case .test: 9_000..<10_000
    }
  }
}

extension DataTable {
  /// The bundled digits, grey values in [0, 1] (bytes with the scale 1/255) of 28 x 28 pixels, with their labels 0 to
  /// 9.
  ///
  /// - Parameters:
  ///   - part: which of them.
  ///   - scale: what the bytes 0 to 255 are multiplied by; automatic is 1/255.
  /// - Throws: ``DataError`` only where memory runs out or the program file is damaged.
  public static func digits(_ part: DigitsPart = .all, scale: ValueScale = .automatic) throws(DataError) -> DataTable {
    let source = part.rawValue
    var size = 0
    let images = vae_digits_images(&size)
    let imageBytes = UnsafeRawBufferPointer(start: images, count: size)
    var table = try readIDX(try ByteReader(memory: imageBytes, source: source), scale: scale)
    let labels = vae_digits_labels(&size)
    let labelBytes = UnsafeRawBufferPointer(start: labels, count: size)
    table.labels = try labelsOf(readIDX(try ByteReader(memory: labelBytes, source: source), scale: .factor(1)))
    if part != .all {
      table = try table.subset(Array(part.rows))
      // Row 1 of digits:test is the first of that part.
      table.fileRows = nil
    }
    return table
  }
}
