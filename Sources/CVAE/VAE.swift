internal import CLibVAE

/// A variational autoencoder: a configuration and its parameters.
///
/// ```swift
/// let model = try VAE(VAE.Configuration(input: 784, hidden: [400], latent: 20))
/// try await Trainer(model).fit(digits, epochs: 10)  // digits: [Float], 784 values a row
/// try model.save(to: "digits.safetensors")
/// let posterior = try model.encode(digits)
/// ```
///
/// ## Threads
///
/// A model may be used from any thread and task, and calls that read it (encode, decode, reconstruct, sample, evaluate,
/// gradients, save) run side by side. Calls that change it (``setParameter(_:to:)-(_,[Float])``, ``initializeOutputBias(from:)``, a
/// step of a ``Trainer``) have it alone: they wait for reading calls to finish, and reading calls wait for them.
///
/// During ``Trainer``'s epochs, a reading call waits for the next gap between mini-batches, about ten times a second. A
/// changing call throws an error with ``VAEError/Code/busy`` then, as waiting for the end of training is rarely meant.
///
/// All of them block the calling thread while they compute. On the cooperative pool of Swift concurrency that is right
/// for short work; training has asynchronous forms that use a thread of their own.
public final class VAE: Sendable {
  /// The model's description.
  public let configuration: Configuration

  /// How the model's calls are run.
  public let execution: Execution

  // C allows concurrent reading; the gate keeps writers apart.
  nonisolated(unsafe) let handle: OpaquePointer
  let gate = ModelGate()
  let pool: WorkspacePool

  /// Makes a model with fresh weights that suit each layer's activation; biases are zero.
  ///
  /// - Parameters:
  ///   - configuration: the model's description.
  ///   - seed: of the weights. Equal seeds give equal bits on every machine.
  ///   - execution: how the model's calls are run.
  /// - Throws: ``VAEError`` with `.invalidArgument` where the configuration is out of its limits, `.unsupported` or
  ///   `.outOfMemory`.
  public convenience init(
    _ configuration: Configuration, seed: UInt64 = 0, execution: Execution = Execution()
  ) throws(VAEError) {
    var options = vae_model_options()
    vae_model_options_init(&options)
    options.seed = seed
    var handle: OpaquePointer?
    try configuration.withConfig { config throws(VAEError) in
      try check { vae_model_create(config, &options, &handle, $0) }
    }
    try self.init(owning: handle, execution)
  }

  /// Takes over a handle, also where it throws.
  init(owning handle: OpaquePointer?, _ execution: Execution) throws(VAEError) {
    guard let handle else { throw VAEError(.outOfMemory, "no model was made") }
    var config = vae_config()
    vae_config_init(&config)
    do throws(VAEError) {
      try check { vae_model_get_config(handle, &config, $0) }
    } catch {
      vae_model_free(handle)
      throw error
    }
    self.handle = handle
    self.execution = execution
    configuration = Configuration(config)
    pool = WorkspacePool(execution)
  }

  deinit { vae_model_free(handle) }

  /// How the model was last trained, nil where it never was. Threads and instruction set are not part of it.
  public var trainingConfiguration: TrainingConfiguration? {
    // No state of a model makes it throw.
    (try? gate.read { () throws(VAEError) in try readTraining() }) ?? nil
  }

  /// The same for callers that hold the gate.
  func readTraining() throws(VAEError) -> TrainingConfiguration? {
    var training = vae_training()
    vae_training_init(&training)
    var isTrained: Int32 = 0
    try check { vae_model_get_training(handle, &training, &isTrained, $0) }
    return isTrained != 0 ? TrainingConfiguration(training) : nil
  }
}

extension VAE {
  /// How a model's calls are run. It changes their speed; only the instruction set changes the last digits of results.
  public struct Execution: Sendable, Hashable {
    /// Threads of one call. 0 means: as many as the environment variable `VAE_THREADS`, else `OMP_NUM_THREADS`, else the
    /// processors give to a call that has the model to itself, and one for a call that runs beside others.
    public var threads: Int

    /// The kernels to use.
    public var instructionSet: InstructionSet

    /// Automatic threads and kernels by default.
    public init(threads: Int = 0, instructionSet: InstructionSet = .automatic) {
      self.threads = threads
      self.instructionSet = instructionSet
    }
  }

  /// Runs `body` with a workspace of its own, while no one changes the model.
  func withWorkspace<R>(
    rows: Int = 1, _ body: (OpaquePointer) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try gate.read { () throws(VAEError) in try pool.withWorkspace(handle, rows: rows, body) }
  }
}
