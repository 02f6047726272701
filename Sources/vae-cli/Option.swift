/// One option of a command. This value is the only home of its name, the form of its value, its default and its help
/// line: the parser, the error messages and the help texts are made from it.
struct Option<Value: Sendable>: AnyOption {
  let name: String
  let form: String?
  let help: String
  let defaultText: String?
  let choices: [String]

  /// What the option is where it is not given.
  let defaultValue: Value

  private let read: @Sendable (String) throws(BadValue) -> Value

  init(
    _ name: String, form: String?, default defaultValue: Value, shown defaultText: String?, choices: [String] = [],
    help: String, read: @escaping @Sendable (String) throws(BadValue) -> Value
  ) {
    (self.name, self.form, self.help, self.choices) = (name, form, help, choices)
    (self.defaultValue, self.defaultText, self.read) = (defaultValue, defaultText, read)
  }

  func parse(_ text: String) throws(BadValue) -> any Sendable { try read(text) }
}

/// An option whatever its value is.
protocol AnyOption: Sendable {
  /// Without the two dashes.
  var name: String { get }
  /// How the value is written in help texts, "N" or "FILE"; nil for a switch that takes no value.
  var form: String? { get }
  var help: String { get }
  var defaultText: String? { get }
  /// Where only certain words are allowed: these.
  var choices: [String] { get }
  func parse(_ text: String) throws(BadValue) -> any Sendable
}

/// A value that an option does not take; `allowed` is what it takes, "a whole number from 1 to 64".
struct BadValue: Error {
  let allowed: String
}

// MARK: - Kinds of options

extension Option where Value == Bool {
  /// A switch: `--json`.
  static func flag(_ name: String, help: String) -> Option {
    Option(name, form: nil, default: false, shown: nil, help: help) { _ throws(BadValue) in true }
  }
}

extension Option where Value == Int {
  /// A whole number in `range`.
  static func count(
    _ name: String, _ form: String, _ range: ClosedRange<Int>, default value: Int, shown: String? = nil, help: String
  ) -> Option {
    Option(name, form: form, default: value, shown: shown ?? String(value), help: help) { text throws(BadValue) in
      try wholeNumber(text, range)
    }
  }
}

extension Option where Value == Int? {
  /// A whole number in `range`, absent by default; `shown` says what then happens.
  static func count(_ name: String, _ form: String, _ range: ClosedRange<Int>, shown: String, help: String) -> Option {
    Option(name, form: form, default: nil, shown: shown, help: help) { text throws(BadValue) in
      try wholeNumber(text, range)
    }
  }
}

extension Option where Value == UInt64 {
  /// A seed of random numbers: any 64-bit unsigned number.
  static func seed(_ name: String, help: String) -> Option {
    Option(name, form: "N", default: 0, shown: "0", help: help) { text throws(BadValue) in
      guard let value = UInt64(text) else { throw BadValue(allowed: "a whole number from 0 to \(UInt64.max)") }
      return value
    }
  }
}

extension Option where Value == Double {
  /// A number in `range`.
  static func number(
    _ name: String, _ range: NumberRange, default value: Double, help: String
  ) -> Option {
    Option(name, form: "X", default: value, shown: shortest(value), help: help) { text throws(BadValue) in
      guard let number = Double(text), range.contains(number) else { throw BadValue(allowed: "a number \(range)") }
      return number
    }
  }
}

extension Option where Value == String? {
  /// A file or folder, absent by default; `shown` says what then happens.
  static func path(_ name: String, _ form: String, shown: String? = nil, help: String) -> Option {
    Option(name, form: form, default: nil, shown: shown, help: help) { text throws(BadValue) in
      guard !text.isEmpty else { throw BadValue(allowed: "a path, not an empty word") }
      return text
    }
  }
}

extension Option where Value == String {
  /// One of a few words. A help line that ends in "{}" gets the list of them there.
  static func choice(
    _ name: String, _ words: [String], default value: String, shown: String? = nil, help: String
  ) -> Option {
    Option(name, form: "NAME", default: value, shown: shown ?? value, choices: words, help: help) {
      text throws(BadValue) in
      guard words.contains(text) else { throw BadValue(allowed: "one of " + words.joined(separator: ", ")) }
      return text
    }
  }
}

extension Option where Value == Double? {
  /// A number in `range`, absent by default; `shown` says what then happens.
  static func number(_ name: String, _ range: NumberRange, shown: String, help: String) -> Option {
    Option(name, form: "X", default: nil, shown: shown, help: help) { text throws(BadValue) in
      guard let number = Double(text), range.contains(number) else { throw BadValue(allowed: "a number \(range)") }
      return number
    }
  }
}

extension Option where Value == [Int] {
  /// Epochs in rising order, "20,40".
  static func milestones(_ name: String, help: String) -> Option {
    Option(name, form: "LIST", default: [], shown: "none", help: help) { text throws(BadValue) in
      let allowed = "1 to 16 whole numbers over 0 in rising order with commas between them, such as 20,40"
      let epochs = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard epochs.count <= 16, epochs[0] > 0, zip(epochs, epochs.dropFirst()).allSatisfy({ $0 < $1 }),
        epochs.allSatisfy({ $0 <= 1_000_000 })
      else { throw BadValue(allowed: allowed) }
      return epochs
    }
  }
}

extension Option where Value == [Int]? {
  /// The units of hidden layers, "400,200", or "none".
  static func layers(_ name: String, shown: String, help: String) -> Option {
    Option(name, form: "LIST", default: nil, shown: shown, help: help) { text throws(BadValue) in
      if text == "none" { return [] }
      let allowed = "up to 64 whole numbers from 1 to 65536 with commas between them (400,200), or none"
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      var units: [Int] = []
      for part in parts {
        guard let count = Int(part), (1...65536).contains(count) else { throw BadValue(allowed: allowed) }
        units.append(count)
      }
      guard units.count <= 64 else { throw BadValue(allowed: allowed) }
      return units
    }
  }
}

/// A range of real numbers with a description for people.
struct NumberRange: Sendable, CustomStringConvertible {
  private let bounds: ClosedRange<Double>
  private let includesLower: Bool
  private let includesUpper: Bool

  /// From `bounds.lowerBound` to `bounds.upperBound`, without those bounds that are told to be left out.
  init(_ bounds: ClosedRange<Double>, includesLower: Bool = true, includesUpper: Bool = true) {
    (self.bounds, self.includesLower, self.includesUpper) = (bounds, includesLower, includesUpper)
  }

  func contains(_ value: Double) -> Bool {
    bounds.contains(value) && (includesLower || value > bounds.lowerBound)
      && (includesUpper || value < bounds.upperBound)
  }

  var description: String {
    let (lower, upper) = (shortest(bounds.lowerBound), shortest(bounds.upperBound))
    switch (includesLower, includesUpper) {
    case (true, true): return "from \(lower) to \(upper)"
    case (false, true): return "over \(lower) and at most \(upper)"
    case (true, false): return "of at least \(lower) and under \(upper)"
    case (false, false): return "over \(lower) and under \(upper)"
    }
  }
}

private func wholeNumber(_ text: String, _ range: ClosedRange<Int>) throws(BadValue) -> Int {
  guard let value = Int(text), range.contains(value) else {
    throw BadValue(allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
  }
  return value
}
