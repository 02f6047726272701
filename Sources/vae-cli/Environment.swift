#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Keeps from the OpenMP runtime what can make it abort, hang or print warnings: it reads the environment when it is
/// first used and trusts what it finds. Must run before that.
///
/// The number of threads in OMP_NUM_THREADS is handed on in VAE_THREADS, unless that is set; nonsense is ignored.
func secureEnvironment() {
  if let text = environment("OMP_NUM_THREADS") {
    if let threads = leadingNumber(text), (1...1024).contains(threads) { setenv("VAE_THREADS", String(threads), 0) }
    unsetenv("OMP_NUM_THREADS")
  }
  for name in ["OMP_STACKSIZE", "KMP_STACKSIZE", "GOMP_STACKSIZE"] { unsetenv(name) }
  setenv("KMP_WARNINGS", "0", 0)
  // Where libomp notes that it runs in this process. A process of the same number that was killed may have left such a
  // note, and an empty one ends this process by SIGBUS.
  shm_unlink("/__KMP_REGISTERED_LIB_\(getpid())_\(getuid())")
}

/// The whole number that `text` begins with: 4 in "4" and in "4,2".
private func leadingNumber(_ text: String) -> Int? {
  Int(text.drop { $0 == " " || $0 == "\t" }.prefix { ("0"..."9").contains($0) })
}

/// The words of the command line behind the program's name.
///
/// - Throws: ``UsageError`` where one is not UTF-8: as a Swift string it would be the name of another file.
func commandLineWords() throws(UsageError) -> [String] {
  var words: [String] = []
  for index in 1..<max(1, Int(CommandLine.argc)) {
    guard let bytes = CommandLine.unsafeArgv[index] else { break }
    guard let word = String(validatingCString: bytes) else {
      throw UsageError(
        "word \(index) of the command line, \(quoted(String(cString: bytes))), is not UTF-8; rename the file")
    }
    words.append(word)
  }
  return words
}
