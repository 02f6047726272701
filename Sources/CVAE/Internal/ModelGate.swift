#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Keeps the rule of the C library: many threads may read a model at once; one that changes it has it alone.
///
/// Readers and writers take turns: readers who came while a writer worked are let in, all together, when it is done, and
/// new ones queue behind a writer who waits. So neither a stream of readers nor a training run can starve the other.
///
/// A training run owns the gate's writing side from its first epoch to its last, and opens the gate for readers between
/// mini-batches. No other writer gets in before it ends.
final class ModelGate: Sendable {
  private struct State {
    var readers = 0
    var waitingReaders = 0
    /// Counts how often waiting readers were let in.
    var admissions: UInt = 0
    var isWriting = false
    var waitingWriters = 0
    var run: Run?

    mutating func admitReaders() {
      readers += waitingReaders
      waitingReaders = 0
      admissions &+= 1
    }

    /// For a writer who gives up waiting: whoever queued behind it alone may go on.
    mutating func leaveQueue() {
      waitingWriters -= 1
      if waitingWriters == 0, !isWriting { admitReaders() }
    }

    /// Whether a new writer must wait for the end of a run; throws where waiting would not end soon, or never.
    func mustAwaitRun() throws(VAEError) -> Bool {
      guard let run else { return false }
      if run.isStopping || run.stop.isSet, pthread_equal(run.thread, pthread_self()) == 0 { return true }
      throw VAEError(
        .busy, "the model is being trained, and this call needs it alone: wait for the end of training, or stop it")
    }
  }

  private struct Run: @unchecked Sendable {
    let thread = pthread_self()
    let stop: StopFlag
    var isStopping = false
  }

  private let state = Monitor(State())

  /// Runs `body` while no one changes the model.
  func read<R>(_ body: () throws(VAEError) -> R) throws(VAEError) -> R {
    enterReading()
    defer { leaveReading() }
    return try body()
  }

  /// Runs `body` with the model to itself. Throws `.busy` during a training run.
  func write<R>(_ body: () throws(VAEError) -> R) throws(VAEError) -> R {
    try enterWriting(isRun: false)
    defer { leaveWriting() }
    return try body()
  }

  /// Runs `body` as a training run. Throws `.busy` where there is one already, unless it is about to stop.
  func run<R>(stop: StopFlag, _ body: () throws(VAEError) -> R) throws(VAEError) -> R {
    try state.wait { state throws(VAEError) -> Void? in
      if try state.mustAwaitRun() { return nil }
      state.run = Run(stop: stop)
      return ()
    }
    defer { state.notify { $0.run = nil } }
    return try body()
  }

  /// Says, within a run, that it ends now, so that other writers wait for it instead of failing.
  func runIsStopping() { state.notify { $0.run?.isStopping = true } }

  /// Runs `body` with the model to itself, within a run.
  func writeInRun<R>(_ body: () throws(VAEError) -> R) throws(VAEError) -> R {
    try enterWriting(isRun: true)
    defer { leaveWriting() }
    return try body()
  }

  /// Lets readers in while `body` runs; called within `writeInRun`.
  func pauseWriting<R>(_ body: () -> R) -> R {
    leaveWriting()
    // Of the run's own thread, which is never refused.
    defer { try? enterWriting(isRun: true) }
    return body()
  }

  private func enterReading() {
    var ticket: UInt?
    state.wait { state -> Void? in
      if let ticket {
        // The one who let us in has counted us.
        return state.admissions == ticket ? nil : ()
      }
      if state.isWriting || state.waitingWriters > 0 {
        state.waitingReaders += 1
        ticket = state.admissions
        return nil
      }
      state.readers += 1
      return ()
    }
  }

  private func leaveReading() { state.notify { $0.readers -= 1 } }

  private func enterWriting(isRun: Bool) throws(VAEError) {
    var isCounted = false
    try state.wait { state throws(VAEError) -> Void? in
      if !isRun {
        do throws(VAEError) {
          if try state.mustAwaitRun() {
            // Not in the queue meanwhile: readers must not wait behind us for the whole run.
            if isCounted {
              isCounted = false
              state.leaveQueue()
            }
            return nil
          }
        } catch {
          if isCounted { state.leaveQueue() }
          throw error
        }
      }
      if state.isWriting || state.readers > 0 {
        if !isCounted { state.waitingWriters += 1 }
        isCounted = true
        return nil
      }
      if isCounted { state.waitingWriters -= 1 }
      state.isWriting = true
      return ()
    }
  }

  private func leaveWriting() {
    state.notify { state in
      state.isWriting = false
      state.admitReaders()
    }
  }
}
