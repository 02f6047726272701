import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The signal that asked the program to stop; 0 while none did. Written by the signal handler.
private let askedToStop = Atomic<Int32>(0)

/// Signals, as this program treats them.
enum Interrupts {
  /// Called once at the start.
  ///
  /// A closed pipe and a file that grows past its limit become errors of the write, which are reported like any
  /// other. The signals that end a program are let through: who starts it from a thread that blocks them (as
  /// Foundation's `Process` does on Linux) hands that on without meaning to, and Ctrl-C would do nothing.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    var ending = sigset_t()
    sigemptyset(&ending)
    for number in stopSignals { sigaddset(&ending, number) }
    pthread_sigmask(SIG_UNBLOCK, &ending, nil)
  }

  private static let stopSignals = [SIGINT, SIGTERM, SIGHUP]

  /// From here on Ctrl-C (and SIGTERM, and a closed terminal) only asks to stop; see ``pending``. A second one ends the
  /// program at once.
  static func catchStopSignals() {
    _ = askedToStop.load(ordering: .relaxed)
    for number in stopSignals {
      var current = sigaction()
      sigaction(number, nil, &current)
      // nohup, or a shell that runs the program in the background, has already decided to ignore it.
      if isIgnored(current) { continue }
      var action = sigaction()
      setHandler(&action) { number in askedToStop.store(number, ordering: .relaxed) }
      action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(number, &action, nil)
    }
  }

  /// The signal that asked to stop, or nil.
  static var pending: Int32? {
    let number = askedToStop.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// What a shell shows for a program that ended by `signal`: 130 for Ctrl-C.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Glibc)
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    #else
      unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    #endif
  }

  private static func setHandler(_ action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
    #if canImport(Glibc)
      action.__sigaction_handler.sa_handler = handler
    #else
      action.__sigaction_u.__sa_handler = handler
    #endif
  }
}
