#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where the bytes of a ``FileOutput`` go: decided once, when it is made.
struct OutputTarget {
  private enum Kind {
    /// Written straight through a copy of this descriptor of the process.
    case descriptor(Int32)
    /// Exists and is no regular file: written straight.
    case special
    /// Replaced by rename; `mode` and owner are those of the file there now, nil where there is none.
    case regular(folder: String, temporary: String, existing: Existing?)
  }

  private struct Existing {
    let mode: mode_t
    let user: uid_t
    let group: gid_t
  }

  private let given: String
  /// The path with symbolic links of its last part followed, so that a link stays a link.
  private let path: String
  private let kind: Kind

  init(_ given: String) throws(FileError) {
    self.given = given
    if given == "-" {
      (path, kind) = (given, .descriptor(STDOUT_FILENO))
      return
    }
    if given.isEmpty { throw FileError(path: "\"\"", message: "is not the name of a file") }
    if given.utf8.contains(0) { throw FileError(path: given, message: "a file name cannot hold a zero byte") }
    let place = try Self.resolve(given)
    path = place.path
    if let number = place.descriptor {
      kind = .descriptor(number)
      return
    }
    var info = stat()
    if stat(path, &info) == 0 {
      switch info.st_mode & S_IFMT {
      case S_IFDIR: throw FileError(path: given, message: "is a folder, not a file")
      case S_IFREG where !place.isInProcessFolder:
        // A rename would replace a file that its owner has protected against writing.
        if access(path, W_OK) != 0 { throw Self.failure(given, "cannot be written", errno) }
        let existing = Existing(mode: info.st_mode & 0o7777, user: info.st_uid, group: info.st_gid)
        kind = .regular(folder: place.folder, temporary: Self.temporaryPath(in: place.folder), existing: existing)
      default: kind = .special
      }
    } else if errno == ENOENT {
      kind = .regular(folder: place.folder, temporary: Self.temporaryPath(in: place.folder), existing: nil)
    } else {
      throw Self.failure(given, "cannot be opened", errno)
    }
  }

  /// Opens what `kind` says; the caller closes it.
  func open() throws(FileError) -> Int32 {
    let descriptor: Int32
    let blamed: String
    switch kind {
    case .descriptor(let number):
      // A copy: closing it reports late errors and leaves the process's own descriptor open.
      (descriptor, blamed) = (fcntl(number, F_DUPFD_CLOEXEC, 0), "cannot be opened")
    case .special:
      (descriptor, blamed) = (systemOpen(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), "cannot be opened")
    case .regular(let folder, let temporary, _):
      blamed = "cannot make a file in the folder \(printable(folder))"
      descriptor = systemOpen(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
    }
    if descriptor < 0 { throw Self.failure(given, blamed, errno) }
    return descriptor
  }

  /// The last things to do to the open file: permissions, fsync.
  func prepare(_ descriptor: Int32, name: String) throws(FileError) {
    if case .regular(_, _, let existing?) = kind {
      // Giving a file away is the privilege of root; everybody else becomes the owner of what they replace.
      _ = fchown(descriptor, existing.user, existing.group)
      if fchmod(descriptor, existing.mode) != 0 { throw Self.failure(name, "cannot keep the permissions", errno) }
    }
    if fsync(descriptor) != 0 {
      // Pipes, terminals and some devices have nothing to sync.
      let isFile = if case .regular = kind { true } else { false }
      let reason = errno
      let cannotSync = reason == EINVAL || reason == EROFS || reason == ENOTSUP
      if isFile || !cannotSync { throw Self.failure(name, "cannot be written to the disk", reason) }
    }
  }

  /// Puts the finished temporary file in place; nothing to do for what was written straight.
  func install(name: String) throws(FileError) {
    guard case .regular(let folder, let temporary, _) = kind else { return }
    if rename(temporary, path) != 0 { throw Self.failure(name, "cannot be replaced", errno) }
    let handle = systemOpen(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder that may be written but not read cannot be synced; the file itself is safe already.
    guard handle >= 0 else { return }
    defer { close(handle) }
    if fsync(handle) != 0, errno != EINVAL {
      throw Self.failure(name, "is written, but its folder cannot be synced", errno)
    }
  }

  func removeTemporary() {
    if case .regular(_, let temporary, _) = kind { _ = unlink(temporary) }
  }

  private static func temporaryPath(in folder: String) -> String {
    let number = String(UInt64.random(in: .min ... .max), radix: 36)
    return folder + (folder.hasSuffix("/") ? "" : "/") + ".vae-\(getpid())-\(number).tmp"
  }

  private static func failure(_ path: String, _ message: String, _ reason: Int32) -> FileError {
    FileError(path: path, message: "\(message): \(String(cString: strerror(reason)))")
  }
}

extension OutputTarget {
  private struct Place {
    var path: String
    var folder: String
    /// The number N where the path is /dev/stdout, /dev/fd/N or the like.
    var descriptor: Int32?
    var isInProcessFolder: Bool
  }

  /// Follows symbolic links of the last part of `given`: the place where the file really lies or will lie.
  private static func resolve(_ given: String) throws(FileError) -> Place {
    var path = given
    for _ in 0..<40 {
      if path.utf8.last == UInt8(ascii: "/") {
        throw FileError(path: given, message: "names a folder (it ends with a slash); give the name of a file")
      }
      let (parent, base) = split(path)
      let folder = try realFolder(parent, given: given)
      path = folder + (folder.hasSuffix("/") ? "" : "/") + base
      if folder == "/proc/\(getpid())/fd" || folder == "/dev/fd", let number = Int32(base) {
        return Place(path: path, folder: folder, descriptor: number, isInProcessFolder: true)
      }
      if folder.hasPrefix("/proc/") {
        return Place(path: path, folder: folder, descriptor: nil, isInProcessFolder: true)
      }
      guard let link = linkTarget(path) else {
        return Place(path: path, folder: folder, descriptor: nil, isInProcessFolder: false)
      }
      path = link.hasPrefix("/") ? link : folder + "/" + link
    }
    throw failure(given, "cannot be opened", ELOOP)
  }

  private static func split(_ path: String) -> (parent: String, base: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let base = String(path[path.utf8.index(after: slash)...])
    return slash == path.startIndex ? ("/", base) : (String(path[..<slash]), base)
  }

  private static func realFolder(_ parent: String, given: String) throws(FileError) -> String {
    let message = "cannot write into the folder \(printable(parent))"
    guard let resolved = realpath(parent, nil) else {
      let reason = errno
      if reason == ENOENT { throw FileError(path: given, message: "the folder \(printable(parent)) does not exist") }
      throw failure(given, message, reason)
    }
    defer { free(resolved) }
    var info = stat()
    guard stat(resolved, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { throw failure(given, message, ENOTDIR) }
    return String(cString: resolved)
  }

  /// What the symbolic link at `path` points to; nil where it is no link.
  private static func linkTarget(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes { raw in
      raw.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), raw.count) } ?? -1
    }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
  #if canImport(Glibc)
    Glibc.open(path, flags, 0o666)
  #else
    Darwin.open(path, flags, 0o666)
  #endif
}
