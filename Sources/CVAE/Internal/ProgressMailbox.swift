/// Reports on their way from the training thread to one consumer. It keeps every end of an epoch, and of the other
/// reports the newest, so it stays small however slow the consumer is.
final class ProgressMailbox: Sendable {
  enum Delivery: Sendable {
    case progress(Trainer.Progress)
    case end(Result<TrainingResult, VAEError>)
  }

  private struct State {
    var epochEnds: [Trainer.Progress] = []
    /// How many of `epochEnds` have been taken: moving the rest up at each would cost the square of their number.
    var taken = 0

    mutating func takeEpochEnd() -> Trainer.Progress? {
      guard taken < epochEnds.count else { return nil }
      let progress = epochEnds[taken]
      taken += 1
      if taken == epochEnds.count {
        epochEnds.removeAll(keepingCapacity: true)
        taken = 0
      }
      return progress
    }
    /// Later than all of `epochEnds`.
    var newest: Trainer.Progress?
    var outcome: Result<TrainingResult, VAEError>?
    var consumer: CheckedContinuation<Delivery, Never>?

    mutating func next() -> Delivery? {
      if let progress = takeEpochEnd() { return .progress(progress) }
      if let newest {
        self.newest = nil
        return .progress(newest)
      }
      return outcome.map { .end($0) }
    }

    /// The consumer that waits, where there is something for it.
    mutating func match() -> (CheckedContinuation<Delivery, Never>, Delivery)? {
      guard let consumer, let delivery = next() else { return nil }
      self.consumer = nil
      return (consumer, delivery)
    }
  }

  private let state = Monitor(State())

  func put(_ progress: Trainer.Progress) {
    change { state in
      if progress.isEpochEnd {
        state.newest = nil
        state.epochEnds.append(progress)
      } else {
        state.newest = progress
      }
    }
  }

  func finish(_ outcome: Result<TrainingResult, VAEError>) {
    change { $0.outcome = outcome }
  }

  /// Waits for the next report, or for the end, which stays.
  func take() async -> Delivery {
    await withCheckedContinuation { continuation in
      change { $0.consumer = continuation }
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let match = state.withLock { state in
      body(&state)
      return state.match()
    }
    if let (consumer, delivery) = match { consumer.resume(returning: delivery) }
  }
}
