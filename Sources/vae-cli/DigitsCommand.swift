import VAEData
import VAEFiles

private let out = Option<String?>.path(
  "out", "FILE", help: "where to write, by its ending: .npy and .idx (bytes 0 to 255), .csv (numbers 0 to 1); required")
private let labels = Option<String?>.path(
  "labels", "FILE", shown: "none", help: "write the digit that each image shows, 0 to 9, by the ending as well")
private let part = Option<String>.choice(
  "part", ["all", "train", "test"], default: "all",
  help: "which of them. train: the first 9,000; test: the 1,000 that are held out")

let digitsCommand = Command(
  name: "digits",
  summary: "write the bundled digits into a file, for other programs",
  operands: [],
  details: [
    "The first 10,000 training images of MNIST, 28 x 28 grey values each, by LeCun, Cortes and Burges, under CC "
      + "BY-SA 3.0. They come with the program; nothing is downloaded."
  ],
  groups: [OptionGroup("Options", [out, labels, part, Shared.quiet, Shared.json])],
  examples: [
    Example(
      "vae-cli digits --out digits.npy --labels labels.npy", "a uint8 array [10000, 28, 28] for NumPy, and its labels"),
    Example("vae-cli digits --part test --out digits.csv", "the held-out thousand as a table"),
  ],
  run: writeDigits)

private func writeDigits(_ arguments: Arguments) throws -> Int32 {
  guard let path = arguments[out] else { throw UsageError("digits: --out FILE is missing (.npy, .idx or .csv)") }
  try checkStandardOutput(arguments, [path, arguments[labels]], command: "digits")
  try checkConflicts(
    inputs: [], outputs: [OutputFile("--out", path), arguments[labels].map { OutputFile("--labels", $0) }])
  let speech = Speech(
    isQuiet: arguments[Shared.quiet],
    standardOutputIsTaken: arguments[Shared.json] || path == "-" || arguments[labels] == "-")
  let table = try DataTable.digits(["train": .train, "test": .test][arguments[part]] ?? .all)
  let format = try tableFormat(path, option: "--out")
  let labelFormat = try arguments[labels].map { try tableFormat($0, option: "--labels") }
  try table.write(to: path, format: format)
  if let labelPath = arguments[labels], let digits = table.labels {
    let bytes = digits.map { UInt8(truncatingIfNeeded: $0) }
    let writer = try TableWriter(
      path: labelPath, format: labelFormat, rows: bytes.count, rowShape: labelFormat == .csv ? [1] : [],
      element: .uint8,
      columnNames: ["digit"])
    try writer.append(bytes: bytes)
    try writer.finish()
  }
  if arguments[Shared.json] {
    let labelsJSON: JSON = arguments[labels].map { .string($0) } ?? nil
    let summary: JSON = [
      "file": .string(path), "rows": .integer(table.rows), "columns": .integer(table.columns), "shape": [28, 28],
      "labels": labelsJSON,
    ]
    try printOut(summary.line)
  } else if path != "-" {
    try speech.say("\(plural(table.rows, "digit")) of 28 x 28 grey values are in \(printable(path))")
    if let labelPath = arguments[labels] { try speech.say("Their labels are in \(printable(labelPath))") }
  }
  return 0
}

private func tableFormat(_ path: String, option: String) throws(UsageError) -> TableFormat {
  guard let format = try? TableFormat(path: path) else {
    throw UsageError("digits: \(option) \(quoted(path)): the ending must be .npy, .idx or .csv; - is standard output")
  }
  return format
}
