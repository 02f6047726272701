import VAEFiles

/// Reads the words behind a command's name.
///
/// `--name value` and `--name=value` are the same; a value that begins with two dashes needs the second form; `--` ends
/// the options. Options and operands may be mixed.
struct ArgumentParser {
  private let command: Command
  private var operands: [String] = []
  private var values: [String: any Sendable] = [:]
  private var texts: [String: String] = [:]

  private init(_ command: Command) { self.command = command }

  /// The checked arguments in `words`, or a ``UsageError`` that names the option, what was found and what is allowed.
  static func parse(_ words: [String], for command: Command) throws(UsageError) -> Arguments {
    var parser = ArgumentParser(command)
    try parser.read(words)
    try parser.checkOperands()
    return Arguments(operands: parser.operands, values: parser.values, texts: parser.texts)
  }

  private mutating func read(_ words: [String]) throws(UsageError) {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        return
      }
      if word.hasPrefix("--") {
        try readOption(word, &rest)
      } else if word.hasPrefix("-"), word != "-" {
        throw UsageError("\(command.name) has no option \(quoted(word)); options are written in full, as in \(sample)")
      } else {
        operands.append(word)
      }
    }
  }

  private mutating func readOption(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.name == name }) else { throw unknown(name) }
    guard values[name] == nil else { throw UsageError("\(command.name): --\(name) is given twice") }
    guard let form = option.form else {
      if parts.count > 1 {
        throw UsageError("\(command.name): --\(name) takes no value; leave out \(quoted("=" + parts[1]))")
      }
      values[name] = true
      return
    }
    let text: String
    if parts.count > 1 {
      text = String(parts[1])
    } else if let next = rest.first, !next.hasPrefix("--") {
      text = next
      rest.removeFirst()
    } else {
      throw UsageError("\(command.name): --\(name) needs a value: --\(name) \(form)")
    }
    do throws(BadValue) {
      values[name] = try option.parse(text)
      texts[name] = printable(text, limit: 80)
    } catch {
      let hint = nearest(to: text, among: option.choices).map { "; did you mean \($0)?" } ?? ""
      throw UsageError("\(command.name): --\(name) \(quoted(text)): must be \(error.allowed)\(hint)")
    }
  }

  private func unknown(_ name: String) -> UsageError {
    let hint =
      nearest(to: name, among: command.options.map(\.name)).map { "did you mean --\($0)?" }
      ?? "see vae-cli help \(command.name)"
    return UsageError("\(command.name) has no option \(quoted("--" + name)); \(hint)")
  }

  private func checkOperands() throws(UsageError) {
    let required = command.operands.filter { !$0.isOptional }
    if operands.count < required.count {
      let missing = required[operands.count].name
      throw UsageError("\(command.name): \(missing) is missing; the form is: \(command.usage)")
    }
    if operands.count > command.operands.count {
      let word = quoted(operands[command.operands.count])
      throw UsageError("\(command.name): \(word) is one word too many; the form is: \(command.usage)")
    }
    if operands.contains("") {
      throw UsageError("\(command.name): an empty word is no file; the form is: \(command.usage)")
    }
  }

  private var sample: String { "--" + (command.options.first?.name ?? "help") }
}

/// `text` for a message: made printable, and in quotation marks where it is empty or holds a space.
func quoted(_ text: String) -> String {
  let shown = printable(text, limit: 80)
  return shown.isEmpty || shown.contains(" ") ? "\"\(shown)\"" : shown
}

/// The word in `words` that `text` was probably meant to be; nil where nothing is near.
func nearest(to text: String, among words: [String]) -> String? {
  let typed = Array(text.lowercased().unicodeScalars.prefix(40))
  let best = words.map { ($0, editDistance(typed, Array($0.unicodeScalars))) }.min { $0.1 < $1.1 }
  if let best, best.1 <= max(1, typed.count / 3) { return best.0 }
  // A beginning that fits one word only: --learn for --learning-rate.
  let longer = words.filter { typed.count >= 3 && $0.lowercased().hasPrefix(text.lowercased()) }
  return longer.count == 1 ? longer[0] : nil
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to make `a` into `b`.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
