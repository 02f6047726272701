/// The line that tells how one epoch goes or went:
///
///     epoch  3/10 [==========          ] loss 112.34 = rec 92.10 + kl 20.24 | held-out 110.92 | 54k/s | 0:04 left
///
/// A value without side effects: numbers in, text out, cut to the width there is.
struct EpochLine: Sendable {
  /// Counted from 1.
  var epoch: Int
  var epochs: Int
  /// The part of the epoch that is done, 0 to 1.
  var fraction: Double
  var loss: Double
  var reconstruction: Double
  var kl: Double
  var penalty: Double = 0
  var beta: Double = 1
  /// The importance-weighted bound is not the sum of its terms.
  var isBound = false
  /// Digits behind the point; nil chooses them by the loss.
  var decimals: Int?
  /// Nil until the epoch is over, or where nothing is held out.
  var heldOut: Double?
  /// The same loss as other programs count it.
  var otherTerms: String?
  /// 0 while it is not known.
  var examplesPerSecond: Double
  /// Of the whole run; nil while it is not known.
  var secondsLeft: Double?
  /// Of the whole run, at its end.
  var secondsTaken: Double?

  /// One line of at most `columns` characters, with a bar.
  func withBar(columns: Int, unicode: Bool) -> String {
    // The bar has 6 to 20 characters; what matters least goes first where the line is too long.
    for detail in [Detail.all, .shortRate, .noRate, .noTime, .onlyLoss] {
      let (head, tail) = parts(detail)
      let room = columns - head.count - tail.count - 4
      if room >= (detail == .all ? 10 : 6) {
        return "\(head) [\(bar(min(room, 20), unicode: unicode))] \(tail)"
      }
    }
    let (head, tail) = parts(.onlyLoss)
    return String("\(head) \(tail)".prefix(max(columns, 0)))
  }

  /// The same without a bar, for files and pipes.
  var plain: String {
    let (head, tail) = parts(.all)
    return "\(head)  \(tail)"
  }

  private enum Detail { case all, shortRate, noRate, noTime, onlyLoss }

  private func parts(_ detail: Detail) -> (head: String, tail: String) {
    let total = "\(epochs)"
    let number = "\(epoch)"
    let head = "epoch " + String(repeating: " ", count: max(0, total.count - number.count)) + "\(number)/\(total)"
    if detail == .onlyLoss { return (head, "loss \(fixed(loss, decimals ?? lossDecimals(loss)))") }
    var pieces = [terms] + (detail == .noTime ? [] : otherTerms.map { [$0] } ?? [])
    if let heldOut { pieces.append("held-out \(fixed(heldOut, decimals ?? lossDecimals(heldOut)))") }
    if examplesPerSecond > 0 {
      if detail == .all { pieces.append("\(rounded(examplesPerSecond)) examples/s") }
      if detail == .shortRate { pieces.append("\(rounded(examplesPerSecond))/s") }
    }
    if detail != .noTime {
      if let secondsLeft { pieces.append("\(clock(secondsLeft)) left") }
      if let secondsTaken { pieces.append("\(clock(secondsTaken)) in all") }
    }
    return (head, pieces.joined(separator: " | "))
  }

  /// "loss 112.34 = rec 92.10 + kl 20.24": what is printed adds up.
  var terms: String {
    let decimals = decimals ?? lossDecimals(loss)
    let shown = { (value: Double) in fixed(value, decimals) }
    if isBound { return "loss \(shown(loss)) (rec \(shown(reconstruction)), kl \(shown(kl)))" }
    var sum = "loss \(shown(loss)) = "
    // Three numbers rounded on their own can miss each other by one in the last digit; the largest one takes it.
    let shownReconstruction = beta == 1 && penalty == 0 ? difference(loss, kl, decimals) : shown(reconstruction)
    sum += "rec \(shownReconstruction) + \(beta == 1 ? "" : shortest(beta) + " x ")kl \(shown(kl))"
    if penalty != 0 { sum += " + penalty \(shown(penalty))" }
    return sum
  }

  /// `a - b`, both rounded first.
  private func difference(_ a: Double, _ b: Double, _ decimals: Int) -> String {
    guard let a = Double(fixed(a, decimals)), let b = Double(fixed(b, decimals)) else { return fixed(a - b, decimals) }
    return fixed(a - b, decimals)
  }

  private func bar(_ width: Int, unicode: Bool) -> String {
    let part = min(max(fraction.isFinite ? fraction : 0, 0), 1)
    guard unicode else {
      let full = Int((part * Double(width)).rounded(.down))
      return String(repeating: "=", count: full) + String(repeating: " ", count: width - full)
    }
    let eighths = Int((part * Double(width * 8)).rounded(.down))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    let done = String(repeating: "█", count: eighths / 8) + partial
    return done + String(repeating: " ", count: width - done.count)
  }
}
