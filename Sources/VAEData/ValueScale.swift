/// What values of a file are multiplied by as they are read.
public enum ValueScale: Sendable, Equatable {
  /// Bytes of an IDX file are divided by 255. Bytes of a .npy file are divided by 255 where values in [0, 1] are wanted
  /// and some byte is over 1. Everything else is taken as it is.
  case automatic
  /// Every value is multiplied by this number, whatever the file.
  case factor(Float)

  /// 1/255, by which bytes become values in [0, 1]; 255 becomes exactly 1.
  public static let byteToUnit: Float = 1.0 / 255.0

  /// Reads the text of an option: `auto`, a number above 0 such as `1` or `0.5`, or a quotient such as `1/255`.
  ///
  /// Returns nil where `text` is none of these.
  public init?(_ text: String) {
    if text == "auto" {
      self = .automatic
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
      parseNumber(Array(part.utf8)).map(Double.init)
    }
    let value: Double
    switch (parts.count, parts.first ?? nil, parts.last ?? nil) {
    case (1, let number?, _): value = number
    case (2, let above?, let below?): value = above / below
    default: return nil
    }
    let factor = Float(value)
    guard factor.isFinite, factor > 0 else { return nil }
    self = .factor(factor)
  }

  /// The factor, or nil for automatic.
  var factor: Float? {
    if case .factor(let factor) = self { factor } else { nil }
  }

  /// `floats` times the factor, in place.
  func applied(to floats: consuming [Float]) -> [Float] {
    guard let factor, factor != 1 else { return floats }
    for index in floats.indices { floats[index] *= factor }
    return floats
  }
}
