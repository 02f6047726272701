/// A verb of the program: what it takes, what it says about itself, what it does.
struct Command: Sendable {
  let name: String
  /// One line for the list of commands, without a full stop.
  let summary: String
  /// What must be given, in this order.
  let operands: [Operand]
  /// Further paragraphs of the help text.
  let details: [String]
  let groups: [OptionGroup]
  /// Lines that work when they are copied: the command, and what it is good for.
  let examples: [Example]
  /// Does the work; returns the exit code.
  let run: @Sendable (Arguments) throws -> Int32

  var options: [any AnyOption] { groups.flatMap(\.options) }

  /// "vae-cli evaluate MODEL DATA [options]".
  var usage: String {
    (["vae-cli", name] + operands.map(\.usage) + (groups.isEmpty ? [] : ["[options]"])).joined(separator: " ")
  }
}

/// A word without dashes that a command takes.
struct Operand: Sendable {
  let name: String
  let help: String
  var isOptional = false

  var usage: String { isOptional ? "[\(name)]" : name }
}

/// Options under one heading of the help text.
struct OptionGroup: Sendable {
  let title: String
  let options: [any AnyOption]

  init(_ title: String, _ options: [any AnyOption]) {
    (self.title, self.options) = (title, options)
  }
}

/// A command line that works when it is copied.
struct Example: Sendable {
  let line: String
  let purpose: String

  init(_ line: String, _ purpose: String) {
    (self.line, self.purpose) = (line, purpose)
  }
}

/// The words and options that a command was given, all of them checked.
struct Arguments: Sendable {
  let operands: [String]
  private let values: [String: any Sendable]
  private let texts: [String: String]
  private var fallbacks = Fallbacks()

  init(operands: [String], values: [String: any Sendable], texts: [String: String]) {
    (self.operands, self.values, self.texts) = (operands, values, texts)
  }

  /// The option's value: what was given, else what stands in for its default, else that.
  subscript<Value>(_ option: Option<Value>) -> Value {
    (values[option.name] ?? fallbacks.values[option.name]) as? Value ?? option.defaultValue
  }

  /// The same words with other defaults.
  func with(_ fallbacks: Fallbacks) -> Arguments {
    var arguments = self
    arguments.fallbacks = fallbacks
    return arguments
  }

  /// Whether the option has a value that is not its own default.
  func isSet(_ option: any AnyOption) -> Bool { has(option) || fallbacks.values[option.name] != nil }

  /// Whether the option was given.
  func has(_ option: any AnyOption) -> Bool { values[option.name] != nil }

  /// "--sigma 0": the option as it was given, for messages.
  func text(_ option: any AnyOption) -> String {
    texts[option.name].map { "--\(option.name) \($0)" } ?? "--\(option.name)"
  }
}

/// Values that stand in for options' defaults, such as those of a preset.
struct Fallbacks: Sendable {
  fileprivate var values: [String: any Sendable] = [:]

  /// Lets `value` be the default of `option`.
  mutating func set<Value>(_ option: Option<Value>, _ value: Value) { values[option.name] = value }
}

/// A wrong command line. One line; the program ends with exit code 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Work that could not be done. One line; the program ends with exit code 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
