import CVAE
import VAEData
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What `vae-cli train` says at its end: where the files are, and what to do with them.
struct TrainingSummary {
  let setup: TrainingSetup
  let arguments: Arguments
  let outPath: String
  let pictures: [String]
  let stoppedBy: Int32?
  let result: TrainingResult?
  let epochs: Int
  /// False where the last attempt to write the checkpoint failed.
  let hasCheckpoint: Bool

  var lines: [String] {
    get throws {
      var lines: [String] = []
      if let stoppedBy { lines.append(try stopLine(stoppedBy)) }
      if let line = try bestLine { lines.append(line) }
      if outPath != "-" {
        let size = sizeOfFile(outPath).map { " (\(fileSize($0)))" } ?? ""
        lines.append("Model:      \(printable(outPath))\(size)")
      }
      if let checkpoint = arguments[TrainOptions.checkpoint] {
        lines.append("Checkpoint: \(printable(checkpoint))" + (hasCheckpoint ? "" : " (could not be written)"))
      }
      if let log = arguments[TrainOptions.log], log != "-" { lines.append("Log:        \(printable(log))") }
      for (index, picture) in pictures.enumerated() {
        lines.append((index == 0 ? "Pictures:   " : "            ") + printable(picture))
      }
      let next = suggestions
      if !next.isEmpty { lines += ["", "Try next:"] + next.map { "  " + $0 } }
      return lines
    }
  }

  /// Of early stopping: which epoch's state was kept.
  private var bestLine: String? {
    get throws {
      guard setup.trainer.configuration.patience > 0, let best = try setup.trainer.info.best else { return nil }
      let loss = fixed(best.loss, lossDecimals(best.loss))
      let kept = "The model is that of epoch \(best.epoch), with the lowest held-out loss, \(loss)"
      guard let result, result.isStoppedEarly, let last = result.epochs.last else { return kept }
      return "Stopped early after epoch \(last.trainerEpoch). \(kept)"
    }
  }

  private func stopLine(_ signal: Int32) throws -> String {
    let info = try setup.trainer.info
    let batches = (setup.data.rows - 1) / setup.trainer.configuration.batchSize + 1
    let cause = signal == SIGINT ? "Ctrl-C" : "a signal"
    let place =
      info.batch > 0
      ? "in epoch \(info.epoch + 1) of \(epochs), after \(info.batch) of its \(batches) mini-batches"
      : "after epoch \(info.epoch) of \(epochs)"
    let isBest = setup.trainer.configuration.patience > 0 && info.best != nil
    return "Stopped by \(cause)" + (isBest ? "." : " \(place); the model is written as it is.")
  }

  /// Commands that work when they are copied.
  private var suggestions: [String] {
    let data = shellWord(setup.dataName)
    var result: [String] = []
    if stoppedBy != nil, hasCheckpoint, let checkpoint = arguments[TrainOptions.checkpoint] {
      var words =
        "train \(data) --resume \(shellWord(checkpoint)) --checkpoint \(shellWord(checkpoint)) --epochs \(epochs)"
      words += " --out \(shellWord(outPath))" + dataOptions
      result.append(words)
    }
    // What went to standard output or into a device cannot be read again.
    if sizeOfFile(outPath) != nil {
      let model = shellWord(outPath)
      let shape = arguments.has(Shared.shape) ? " \(arguments.text(Shared.shape))" : ""
      if hasPictures {
        result.append("sample \(model) --count 100 --out samples.png\(shape)\(classesOption)")
        result.append("reconstruct \(model) \(data) --out reconstructions.png\(shape)\(scaleOption)\(conditionOption)")
      } else if let part = arguments[ConditionOptions.observed] {
        result.append("complete \(model) \(data) --observed \(part) --out completions.png\(shape)\(scaleOption)")
      } else {
        result.append("evaluate \(model) \(data) --out scores.csv\(scaleOption)\(conditionOption)")
        result.append("sample \(model) --count 1000 --out samples.csv\(classesOption)")
      }
      result.append("encode \(model) \(data) --out codes.csv\(scaleOption)\(conditionOption)")
      result.append("info \(model)")
    }
    return result.map { "\(programName) \($0)" }
  }

  private var scaleOption: String { arguments.has(Shared.scale) ? " \(arguments.text(Shared.scale))" : "" }

  /// What the commands on the same data need of a conditional model.
  private var conditionOption: String {
    if let part = arguments[ConditionOptions.observed] { return " --observed \(part)" }
    return arguments[ConditionOptions.condition].map { " --condition \(shellWord($0.word))" } ?? ""
  }

  /// Conditions to sample with: the first ten classes, or those of the data.
  private var classesOption: String {
    guard let condition = setup.examples.condition else { return "" }
    guard condition.isClasses else { return conditionOption }
    let classes = (0..<min(10, setup.model.configuration.conditionDimension)).map(String.init)
    return " --condition \(classes.joined(separator: ","))"
  }

  private var dataOptions: String {
    let condition = conditionOption + conditionOptions
    if case .data(let source) = arguments[TrainOptions.validation] {
      return scaleOption + " --validation \(shellWord(source))" + condition
    }
    return scaleOption + condition
      + (arguments.has(TrainOptions.validation) ? " \(arguments.text(TrainOptions.validation))" : "")
  }

  /// What else says how the condition is read.
  private var conditionOptions: String {
    ([ConditionOptions.kind, ConditionOptions.validation] as [any AnyOption]).filter { arguments.has($0) }
      .map { " \(arguments.text($0))" }.joined()
  }

  private var hasPictures: Bool {
    if arguments[ConditionOptions.observed] != nil { return false }
    let layout = try? ImageLayout(
      columns: setup.data.columns, shape: arguments[Shared.shape], data: setup.data.geometry, command: "train")
    // A table of 4 columns is no picture, even though 4 is a square.
    return layout != nil && (setup.data.columns >= 64 || arguments.has(Shared.shape) || setup.data.geometry != nil)
  }
}

/// How this program was called, so that a line that begins with it can be copied.
var programName: String {
  let name = CommandLine.arguments.first ?? "vae-cli"
  return shellWord(name.isEmpty ? "vae-cli" : name)
}

/// `text` as a shell reads it as one word. What a terminal would act on is escaped, in the quotes `$'...'`.
func shellWord(_ text: String) -> String {
  let isPlain = { (byte: UInt8) in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_./:=,+@%".utf8.contains(byte) || byte >= 0x80
    }
  }
  if text.unicodeScalars.contains(where: { printable(String($0)) != String($0) }) {
    var word = ""
    for scalar in text.unicodeScalars {
      let shown = printable(String(scalar))
      if scalar == "'" || scalar == "\\" {
        word += "\\" + shown
      } else if shown == String(scalar) {
        word += shown
      } else {
        // Three octal digits, so that what follows is no part of the number.
        for byte in String(scalar).utf8 {
          let octal = String(byte, radix: 8)
          word += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
        }
      }
    }
    return "$'\(word)'"
  }
  if !text.isEmpty, text.utf8.allSatisfy(isPlain) { return text }
  return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
