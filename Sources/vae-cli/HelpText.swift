/// Help texts, made from the table of commands and their options.
enum HelpText {
  static let width = 80

  /// The page of one command.
  static func page(for command: Command) -> String {
    var lines = wrapped("vae-cli \(command.name): \(command.summary).", width) + ["", "Usage: \(command.usage)"]
    if !command.operands.isEmpty {
      lines.append("")
      lines += table(command.operands.map { ($0.name, $0.help) })
    }
    for paragraph in command.details { lines += [""] + wrapped(paragraph, width) }
    let column = command.options.map { label($0).count }.max() ?? 0
    for group in command.groups {
      lines += ["", "\(group.title):"]
      lines += table(group.options.map { (label($0), text($0)) }, column: column)
    }
    if !command.examples.isEmpty {
      lines += ["", "Examples:"]
      for example in command.examples { lines += ["  # \(example.purpose)", "  \(example.line)"] }
    }
    return lines.joined(separator: "\n")
  }

  /// What `vae-cli help` prints.
  static func overview(of commands: [Command]) -> String {
    var lines = ["vae-cli trains and runs variational autoencoders (VAEs) on this computer's CPU.", ""]
    lines += ["Usage: vae-cli COMMAND ...", "", "Start here:", "  vae-cli train digits", "", "Commands:"]
    lines += table(commands.map { ($0.name, $0.summary) })
    lines += ["", "  vae-cli help COMMAND   all options of a command, with examples"]
    lines += ["  vae-cli --version      the version, and where the bundled digits come from", ""]
    lines += wrapped(
      "DATA is digits (bundled with the program), an IDX file (plain or .gz), a .npy or a .csv (plain or .gz). "
        + "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.", width)
    return lines.joined(separator: "\n")
  }

  private static func label(_ option: any AnyOption) -> String {
    "--\(option.name)" + (option.form.map { " \($0)" } ?? "")
  }

  private static func text(_ option: any AnyOption) -> String {
    var text = option.help
    if text.hasSuffix("{}") { text = text.dropLast(2) + option.choices.joined(separator: ", ") }
    if let shown = option.defaultText { text += " (default: \(shown))" }
    return text
  }

  /// Two columns; the second is wrapped.
  private static func table(_ rows: [(left: String, right: String)], column: Int? = nil) -> [String] {
    let left = column ?? rows.map(\.left.count).max() ?? 0
    return rows.flatMap { row in
      wrapped(row.right, width - left - 5).enumerated().map { index, line in
        let head = index == 0 ? row.left : ""
        return "  " + head + String(repeating: " ", count: left - head.count + 3) + line
      }
    }
  }

  /// `text` cut at spaces into lines of at most `width` characters.
  static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
