import CVAE
import VAEData
import VAEFiles

/// What `--condition` says.
enum ConditionSource: Sendable, Equatable {
  /// The labels that come with the data.
  case labelsOfData
  /// Classes by their numbers.
  case classes([UInt32])
  /// A file of vectors or labels, one a row.
  case file(String)

  init?(_ text: String) {
    if text == "labels" {
      self = .labelsOfData
      return
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    if !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
      let numbers = parts.compactMap { UInt32($0) }
      guard numbers.count == parts.count, numbers.count <= 65536 else { return nil }
      self = .classes(numbers)
      return
    }
    guard !text.isEmpty else { return nil }
    self = .file(text)
  }

  /// The file that it reads, for the check that no output is an input.
  var input: InputFile? {
    guard case .file(let path) = self else { return nil }
    return .data("the condition", path)
  }
}

/// The options about what a model is told beside its data.
enum ConditionOptions {
  /// `--condition` of `train`, whose default is none.
  static let condition = source(
    "condition",
    "what the model is told beside each row, for a conditional model: labels, the digits' own; or a file with as many "
      + "rows as DATA, of numbers or of one class each")
  static let kind = Option<String>.choice(
    "condition-kind", ["auto", "labels", "real"], default: "auto",
    help: "what the file of --condition holds. auto: class labels where a row is one whole number of at least 0, else "
      + "numbers: {}")
  static let classes = Option<Int?>.count(
    "classes", "N", 1...16_777_216, shown: "the highest label and one", help: "classes of the labels")
  static let validation = source(
    "validation-condition", "the same for the data of --validation; labels where --condition is labels")
  static let observed = Option<ObservedPart?>(
    "observed", form: "PART", default: nil, shown: "none", choices: ["left", "top", "quadrants=N"],
    help: "DATA are whole images of which the model is told this part, to complete the others: left, top, or "
      + "quadrants=N with N from 1 to 3"
  ) { text throws(BadValue) in
    guard let part = ObservedPart(text) else { throw BadValue(allowed: "left, top, quadrants=1, 2 or 3") }
    return part
  }

  /// `--condition` of commands that take data with a model.
  static let beside = source(
    "condition",
    "of a conditional model: labels, those of the digits; classes as in 0,1,2, one a row or one for all; or a file of "
      + "numbers or labels with as many rows as the data")

  /// `--condition` of `sample`.
  static let drawn = source(
    "condition",
    "of a conditional model: classes as in 0,1,2, or a file of numbers or labels; taken in turn, row after row",
    form: "FILE|LIST")

  /// `--condition` of `decode`, which has no data whose labels could be meant.
  static let besideCodes = source(
    "condition",
    "of a conditional model: classes as in 0,1,2, one a row or one for all; or a file of numbers or labels with as many "
      + "rows as Z",
    form: "FILE|LIST")

  private static func source(
    _ name: String, _ help: String, form: String = "FILE|labels"
  ) -> Option<ConditionSource?> {
    Option(name, form: form, default: nil, shown: "none", help: help) { text throws(BadValue) in
      guard let source = ConditionSource(text) else {
        throw BadValue(allowed: "a file, labels, or classes with commas between them, such as 0,1,2")
      }
      return source
    }
  }
}
