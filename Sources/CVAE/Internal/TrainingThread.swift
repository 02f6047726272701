#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Asks a run to stop; may be set from any thread.
final class StopFlag: Sendable {
  private let state = Monitor(false)

  var isSet: Bool { state.withLock { $0 } }

  func set() { state.withLock { $0 = true } }
}

/// Starts a thread that runs `body` once. It is no thread of the cooperative pool, so `body` may block and compute.
func startTrainingThread(_ body: @escaping @Sendable () -> Void) throws(VAEError) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  // Secondary threads have small stacks on some systems (512 KB on macOS, 128 KB with musl).
  let stackSize = 8 << 20
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setstacksize(&attributes, stackSize)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

  let box = Unmanaged.passRetained(Box(body))
  #if canImport(Darwin)
    var thread: pthread_t?
  #else
    var thread = pthread_t()
  #endif
  let status = pthread_create(
    &thread, &attributes,
    { pointer in
      // Darwin's pointer is not optional, Linux's is.
      let pointer: UnsafeMutableRawPointer? = pointer
      if let pointer { Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  if status != 0 {
    box.release()
    throw VAEError(.outOfMemory, "no thread for training could be started: \(String(cString: strerror(status)))")
  }
}
