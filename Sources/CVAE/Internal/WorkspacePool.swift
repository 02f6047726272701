internal import CLibVAE

/// Idle workspaces of a model, so that each call has one to itself and none is made twice.
///
/// With automatic threads, a call that has the model to itself works on all of them; one that runs beside others works
/// on its own thread only, since the others keep the processors busy.
final class WorkspacePool: Sendable {
  private struct Workspace: @unchecked Sendable {
    let handle: OpaquePointer
    let isShared: Bool
    let maxRows: Int
  }

  private struct State {
    var idle: [Workspace] = []
    var leased = 0
  }

  static let defaultRows = 256
  private static let mostIdle = 16

  private let state = Monitor(State())
  private let execution: VAE.Execution

  init(_ execution: VAE.Execution) { self.execution = execution }

  deinit {
    state.withLock { state in
      for workspace in state.idle { vae_workspace_free(workspace.handle) }
    }
  }

  /// Runs `body` with a workspace of its own that takes at least `rows` rows at a time.
  func withWorkspace<R>(
    _ model: OpaquePointer, rows: Int = 1, _ body: (OpaquePointer) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    let (found, isShared) = state.withLock { state -> (Workspace?, Bool) in
      state.leased += 1
      let isShared = execution.threads == 0 && state.leased > 1
      let index = state.idle.lastIndex { $0.isShared == isShared && $0.maxRows >= rows }
      return (index.map { state.idle.remove(at: $0) }, isShared)
    }
    var workspace = found
    defer { giveBack(workspace) }
    if let workspace { return try body(workspace.handle) }
    let made = try make(model, isShared: isShared, rows: max(rows, Self.defaultRows))
    workspace = made
    return try body(made.handle)
  }

  private func make(_ model: OpaquePointer, isShared: Bool, rows: Int) throws(VAEError) -> Workspace {
    var options = execution
    if isShared { options.threads = 1 }
    let handle = try Self.create(model, options, rows: rows)
    return Workspace(handle: handle, isShared: isShared, maxRows: rows)
  }

  /// Makes a workspace that the caller frees.
  static func create(_ model: OpaquePointer, _ execution: VAE.Execution, rows: Int) throws(VAEError) -> OpaquePointer {
    var options = vae_workspace_options()
    vae_workspace_options_init(&options)
    options.max_rows = try cSize(rows, "the number of rows")
    options.threads = try cSize(execution.threads, "threads")
    options.isa = execution.instructionSet.rawValue
    var handle: OpaquePointer?
    try check { vae_workspace_create(model, &options, &handle, $0) }
    guard let handle else { throw VAEError(.outOfMemory, "no workspace was made") }
    return handle
  }

  private func giveBack(_ workspace: Workspace?) {
    let excess = state.withLock { state -> Workspace? in
      state.leased -= 1
      guard let workspace else { return nil }
      state.idle.append(workspace)
      return state.idle.count > Self.mostIdle ? state.idle.removeFirst() : nil
    }
    if let excess { vae_workspace_free(excess.handle) }
  }
}
