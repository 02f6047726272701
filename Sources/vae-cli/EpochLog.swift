import CVAE
import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The file of `--log`: a line of JSON per epoch, there as soon as the epoch is over.
final class EpochLog {
  private let path: String
  private let descriptor: Int32

  /// Opens the log; it begins anew unless `appends`.
  init(path: String, appends: Bool) throws(Failure) {
    self.path = path
    let mode = appends ? O_APPEND : O_TRUNC
    descriptor = path == "-" ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0o666)
    guard descriptor >= 0 else {
      throw Failure("--log \(printable(path)): cannot be opened for writing: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// Adds the line of an epoch that is over; learning rate and beta are those of its last step.
  func write(_ progress: Trainer.Progress, _ info: Trainer.Info, seconds: Double) throws(Failure) {
    var json: JSON = ["epoch": .integer(progress.trainerEpoch), "step": .integer(progress.step)]
    json.append(progress.training)
    if let validation = progress.validation { json.append(validation, prefix: "validation_") }
    json.append("learning_rate", .number(info.learningRate))
    json.append("beta", .number(info.beta))
    if info.capacity != 0 { json.append("capacity", .number(info.capacity)) }
    json.append("examples_per_second", .number(progress.examplesPerSecond.rounded()))
    json.append("seconds", .number((seconds * 1000).rounded() / 1000))
    let end = path == "-" ? -1 : lseek(descriptor, 0, SEEK_END)
    if let reason = writeAll(descriptor, json.line + "\n") {
      // Half a line would spoil the next one as well.
      if end >= 0, ftruncate(descriptor, end) == 0 { lseek(descriptor, end, SEEK_SET) }
      throw Failure("--log \(printable(path)): cannot write: \(String(cString: strerror(reason)))")
    }
  }
}
