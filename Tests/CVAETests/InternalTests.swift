import Foundation
import Testing

@testable import CVAE

@Suite struct ModelGateTests {
  @Test func writersAreAlone() async throws {
    let gate = ModelGate()
    let (readers, writers, faults) = (Shared(0), Shared(0), Shared(0))
    let totals = Shared((reads: 0, writes: 0))
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for _ in 0..<300 {
            if worker < 2 {
              try? gate.write { () throws(VAEError) in
                writers.update { $0 += 1 }
                if writers.value != 1 || readers.value != 0 { faults.update { $0 += 1 } }
                writers.update { $0 -= 1 }
                totals.update { $0.writes += 1 }
              }
            } else {
              try? gate.read { () throws(VAEError) in
                readers.update { $0 += 1 }
                if writers.value != 0 { faults.update { $0 += 1 } }
                readers.update { $0 -= 1 }
                totals.update { $0.reads += 1 }
              }
            }
          }
        }
      }
    }
    #expect(faults.value == 0)
    #expect(totals.value == (1800, 600))
  }

  @Test func readersRunTogether() {
    let gate = ModelGate()
    let inside = Shared(0)
    let ends = DispatchGroup()
    for _ in 0..<2 {
      Thread.detachNewThread(in: ends) {
        try? gate.read { () throws(VAEError) in
          inside.update { $0 += 1 }
          let deadline = Date() + 10
          while inside.value < 2, Date() < deadline { usleep(500) }
        }
      }
    }
    ends.wait()
    #expect(inside.value == 2)
  }

  @Test func aRunLetsReadersInAndOtherWritersOut() throws {
    let gate = ModelGate()
    let stop = StopFlag()
    let (isWriting, readDuringWrite, readInPause) = (Shared(false), Shared(false), Shared(false))
    let ends = DispatchGroup()
    try gate.run(stop: stop) { () throws(VAEError) in
      try gate.writeInRun { () throws(VAEError) in
        isWriting.value = true
        Thread.detachNewThread(in: ends) {
          try? gate.read { () throws(VAEError) in
            if isWriting.value { readDuringWrite.value = true } else { readInPause.value = true }
          }
        }
        usleep(50_000)
        isWriting.value = false
        gate.pauseWriting {
          let deadline = Date() + 10
          while !readInPause.value, Date() < deadline { usleep(500) }
        }
        isWriting.value = true
      }
      #expect(thrownError { try gate.write { () throws(VAEError) in } }?.code == .busy)
      #expect(thrownError { try gate.run(stop: StopFlag()) { () throws(VAEError) in } }?.code == .busy)
      // A run that is about to stop is waited for, but not by its own thread.
      stop.set()
      #expect(thrownError { try gate.write { () throws(VAEError) in } }?.code == .busy)
      isWriting.value = true
      Thread.detachNewThread(in: ends) {
        try? gate.write { () throws(VAEError) in if isWriting.value { readDuringWrite.value = true } }
      }
      usleep(50_000)
      isWriting.value = false
    }
    ends.wait()
    #expect(readInPause.value)
    #expect(!readDuringWrite.value)
  }
}

@Suite struct ProgressMailboxTests {
  private func report(_ epoch: Int, _ batch: Int, end: Bool = false) -> Trainer.Progress {
    let loss = VAE.Loss(examples: 1, loss: 1, reconstruction: 1, kl: 0, negativeELBO: 1, penalty: 0)
    return Trainer.Progress(
      epoch: epoch, epochs: 9, trainerEpoch: epoch, batch: batch, batches: 10, step: 0, isEpochEnd: end,
      training: loss, examplesPerSecond: 1, elapsed: .zero, remaining: .zero)
  }

  @Test func keepsEpochEndsAndTheNewest() async {
    let mailbox = ProgressMailbox()
    for epoch in 1...3 {
      for batch in 1...9 { mailbox.put(report(epoch, batch)) }
      mailbox.put(report(epoch, 10, end: true))
    }
    mailbox.put(report(4, 1))
    mailbox.put(report(4, 2))
    mailbox.finish(.success(TrainingResult()))
    var seen: [[Int]] = []
    while case .progress(let progress) = await mailbox.take() { seen.append([progress.epoch, progress.batch]) }
    #expect(seen == [[1, 10], [2, 10], [3, 10], [4, 2]])
    // The end stays.
    guard case .end = await mailbox.take() else {
      Issue.record("the end went away")
      return
    }
  }

  @Test func wakesAConsumerThatWaits() async {
    let mailbox = ProgressMailbox()
    async let delivery = mailbox.take()
    try? await Task.sleep(for: .milliseconds(20))
    mailbox.put(report(1, 1))
    guard case .progress(let progress) = await delivery else {
      Issue.record("no progress")
      return
    }
    #expect(progress.batch == 1)
  }
}

extension Thread {
  fileprivate static func detachNewThread(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    detachNewThread {
      body()
      group.leave()
    }
  }
}
