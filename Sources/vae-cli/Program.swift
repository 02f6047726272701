import CVAE
import VAEFiles

/// All commands, in the order of the help text.
let allCommands: [Command] = [
  trainCommand, evaluateCommand, encodeCommand, decodeCommand, reconstructCommand, sampleCommand,
  completeCommand, infoCommand, presetsCommand, digitsCommand, helpCommand,
]

/// Runs the command that `words` (without the program's name) ask for and returns the exit code. An error becomes
/// exactly one line on standard error.
func runProgram(_ words: () throws -> [String]) -> Int32 {
  do {
    return try dispatch(words())
  } catch let error as UsageError {
    complain(error)
    return 2
  } catch {
    complain(error)
    return 1
  }
}

private func dispatch(_ words: [String]) throws -> Int32 {
  guard let first = words.first else {
    throw UsageError("a command is missing; start with: vae-cli train digits (vae-cli help shows the others)")
  }
  if first == "--version" {
    guard words.count == 1 else { throw UsageError("--version stands alone; found \(quoted(words[1])) behind it") }
    try printOut(versionText)
    return 0
  }
  let asksForHelp = words.prefix { $0 != "--" }.contains { $0 == "-h" || $0 == "--help" }
  guard let command = allCommands.first(where: { $0.name == first }) else {
    guard asksForHelp, first.hasPrefix("-") else { throw unknownCommand(first) }
    try printOut(HelpText.overview(of: allCommands))
    return 0
  }
  if asksForHelp {
    try printOut(command.name == helpCommand.name ? HelpText.overview(of: allCommands) : HelpText.page(for: command))
    return 0
  }
  let arguments = try ArgumentParser.parse(Array(words.dropFirst()), for: command)
  do {
    return try command.run(arguments)
  } catch let error as VAEError {
    throw usageError(error, of: command) ?? error
  }
}

/// The library refuses a number under its field's name, "objective.free_bits is 1; …". Where the command has an option of that name
/// this is a wrong command line, and says so.
private func usageError(_ error: VAEError, of command: Command) -> UsageError? {
  guard error.code == .invalidArgument else { return nil }
  for prefix in ["objective.", "training.", "config."] where error.message.hasPrefix(prefix) {
    let rest = error.message.dropFirst(prefix.count)
    let field = rest.prefix { $0 != " " }
    let name = field.replacing("_", with: "-")
    guard command.options.contains(where: { $0.name == name }) else { return nil }
    return UsageError("\(command.name): --\(name)\(rest.dropFirst(field.count))")
  }
  return nil
}

/// The error for a word that is no command.
func unknownCommand(_ word: String) -> UsageError {
  let hint =
    nearest(to: word, among: allCommands.map(\.name)).map { "did you mean \($0)?" }
    ?? "the commands are \(allCommands.map(\.name).joined(separator: ", "))"
  let kind = word.hasPrefix("-") ? "option before a command" : "command"
  return UsageError("there is no \(kind) \(quoted(word)); \(hint)")
}

/// Tells an error in one line on standard error.
func complain(_ error: any Error) {
  printNote("vae-cli: " + printable(String(describing: error)))
}
