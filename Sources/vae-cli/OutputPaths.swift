import VAEFiles

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Throws where standard output is wanted for two things at once.
func checkStandardOutput(_ arguments: Arguments, _ paths: [String?], command: String) throws(UsageError) {
  let uses = paths.filter { $0 == "-" }.count
  if uses > 1 { throw UsageError("\(command): two outputs cannot both be - (standard output)") }
  if uses > 0, arguments[Shared.json] {
    throw UsageError("\(command): --json needs standard output for itself; give a file instead of -")
  }
}

/// Throws where `path` cannot be written, before any work is done for it. Nothing is changed.
///
/// Devices and pipes are left alone: to open a pipe and close it again is seen at its other end.
func checkWritable(_ path: String) throws {
  if path == "-" { return }
  var info = stat()
  if stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG, info.st_mode & S_IFMT != S_IFDIR { return }
  try FileOutput(path).discard()
}

/// The number of bytes of a file; nil for what is not a regular file.
func sizeOfFile(_ path: String) -> Int? {
  var info = stat()
  guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
  return Int(info.st_size)
}
