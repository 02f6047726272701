import CVAE

let helpCommand = Command(
  name: "help",
  summary: "show what a command does, its options and examples",
  operands: [Operand(name: "COMMAND", help: "one of the commands", isOptional: true)],
  details: [], groups: [], examples: []
) { arguments in
  guard let name = arguments.operands.first, name != "help" else {
    try printOut(HelpText.overview(of: allCommands))
    return 0
  }
  guard let command = allCommands.first(where: { $0.name == name }) else { throw unknownCommand(name) }
  try printOut(HelpText.page(for: command))
  return 0
}

/// What `vae-cli --version` prints.
var versionText: String {
  """
  vae-cli \(CVAE.version)
  Licensed under the Apache License 2.0.
  Contains the first 10,000 training images of MNIST, digits by LeCun, Cortes and Burges, CC BY-SA 3.0
  (https://creativecommons.org/licenses/by-sa/3.0/).
  """
}
