extension Trainer {
  /// How far a run is: reported about ten times a second and at the end of every epoch.
  public struct Progress: Sendable {
    /// The running epoch of this run, 1 to ``epochs``.
    public internal(set) var epoch: Int
    /// The epochs of this run.
    public internal(set) var epochs: Int
    /// The running epoch, counted from 1 since the trainer was new.
    public internal(set) var trainerEpoch: Int
    /// Mini-batches done in the running epoch.
    public internal(set) var batch: Int
    /// Mini-batches in an epoch.
    public internal(set) var batches: Int
    /// Adam's steps since the trainer was new.
    public internal(set) var step: Int
    /// Whether the epoch is done and validated. Every epoch of a run ends with one such report.
    public internal(set) var isEpochEnd = false
    /// The means over the examples of the running epoch so far, each measured before the step that it belongs to.
    public internal(set) var training: VAE.Loss
    /// The same over the validation data, at the end of an epoch; nil elsewhere and without such data.
    public internal(set) var validation: VAE.Loss?
    /// Whether the validation loss is the lowest so far; only with ``TrainingConfiguration/patience``.
    public internal(set) var isBest = false
    /// Examples that the running epoch trains on in a second, validation not counted.
    public internal(set) var examplesPerSecond: Double
    /// Since the run began.
    public internal(set) var elapsed: Duration
    /// An estimate of the time to the end of the run, validation included.
    public internal(set) var remaining: Duration
    /// What the run came to; in the last report of a run only.
    public internal(set) var result: TrainingResult?
  }

  /// What to do after a report of progress.
  public enum Decision: Sendable {
    /// Go on.
    case `continue`
    /// Stop before the next mini-batch. The model and the trainer stay usable, and the run can be continued.
    case stop
  }
}

/// What a run of training came to.
public struct TrainingResult: Sendable {
  /// One epoch.
  public struct Epoch: Sendable {
    /// Counted from 1 since the trainer was new.
    public let trainerEpoch: Int
    /// The means over the training data.
    public let training: VAE.Loss
    /// The means over the validation data, nil without such data.
    public let validation: VAE.Loss?
    /// Whether that was the lowest loss so far; only with ``TrainingConfiguration/patience``.
    public let isBest: Bool
    /// Examples in a second, validation not counted.
    public let examplesPerSecond: Double
  }

  /// The epochs that were finished, in order.
  public internal(set) var epochs: [Epoch] = []
  /// Whether all epochs were done, or as many as ``TrainingConfiguration/patience`` allowed. False after a stop.
  public internal(set) var isComplete = false
  /// Whether ``TrainingConfiguration/patience`` ended the run before its last epoch.
  public internal(set) var isStoppedEarly = false
  /// The time that the run took.
  public internal(set) var elapsed: Duration = .zero

  /// The last finished epoch's means over the training data.
  public var training: VAE.Loss? { epochs.last?.training }
  /// The last finished epoch's means over the validation data.
  public var validation: VAE.Loss? { epochs.last?.validation }
  /// The epoch with the lowest validation loss, whose state the model is left in; nil without
  /// ``TrainingConfiguration/patience``, or where the best epoch was before this run.
  public var best: Epoch? { epochs.last { $0.isBest } }
}
