internal import CLibVAE

/// The learning rate over the passes over the data. Time counts the epochs finished and the part of the running one
/// that is done; ``Trainer/step(_:noise:)`` does not move it.
public struct LearningRateSchedule: Sendable, Hashable {
  /// Which schedule it is.
  public let kind: Kind
  /// The factor of ``exponential(decay:)`` and ``steps(decay:milestones:)``, else 0.
  public let decay: Double
  /// The length of ``cosine(epochs:floor:)``, else 0.
  public let epochs: Double
  /// The end of ``cosine(epochs:floor:)``, else 0.
  public let floor: Double
  /// The epochs of ``steps(decay:milestones:)``, else none.
  public let milestones: [Int]

  /// Always the configuration's rate.
  public static let constant = LearningRateSchedule(kind: .constant)

  /// The rate times decay^t after t epochs; `decay` is over 0 and at most 1.
  public static func exponential(decay: Double) -> LearningRateSchedule {
    LearningRateSchedule(kind: .exponential, decay: decay)
  }

  /// Half a cosine from the rate down to `floor` over `epochs`, then `floor` (Loshchilov & Hutter 2017, eq. 5).
  public static func cosine(epochs: Double, floor: Double = 0) -> LearningRateSchedule {
    LearningRateSchedule(kind: .cosine, epochs: epochs, floor: floor)
  }

  /// The rate times `decay` after each of the `milestones`, at most 16 epochs in rising order.
  public static func steps(decay: Double, milestones: [Int]) -> LearningRateSchedule {
    LearningRateSchedule(kind: .steps, decay: decay, milestones: milestones)
  }

  /// The rate times 10^(-i/7) for 3^i epochs, i = 0 to 7 (Burda, Grosse & Salakhutdinov 2016, with a rate of 1e-3).
  public static let burda = LearningRateSchedule(kind: .burda)

  init(kind: Kind, decay: Double = 0, epochs: Double = 0, floor: Double = 0, milestones: [Int] = []) {
    (self.kind, self.decay, self.epochs, self.floor, self.milestones) = (kind, decay, epochs, floor, milestones)
  }

  /// The name of a schedule, without its parameters.
  public struct Kind: Sendable, Hashable {
    let number: Int32

    /// ``LearningRateSchedule/constant``
    public static let constant = Kind(number: Int32(VAE_RATE_CONSTANT))
    /// ``LearningRateSchedule/exponential(decay:)``
    public static let exponential = Kind(number: Int32(VAE_RATE_EXPONENTIAL))
    /// ``LearningRateSchedule/cosine(epochs:floor:)``
    public static let cosine = Kind(number: Int32(VAE_RATE_COSINE))
    /// ``LearningRateSchedule/steps(decay:milestones:)``
    public static let steps = Kind(number: Int32(VAE_RATE_STEPS))
    /// ``LearningRateSchedule/burda``
    public static let burda = Kind(number: Int32(VAE_RATE_BURDA))
  }
}

extension LearningRateSchedule.Kind: CaseIterable, LosslessStringConvertible {
  /// Every schedule of the linked library.
  public static var allCases: [LearningRateSchedule.Kind] {
    cNumbers(vae_rate_schedule_name).map { LearningRateSchedule.Kind(number: $0) }
  }

  /// The name in model files and on the command line, `"cosine"`.
  public var description: String { cName(number, vae_rate_schedule_name) }

  /// The schedule of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_rate_schedule_name) else { return nil }
    self.init(number: number)
  }
}

/// The weight of the divergence over the passes over the data: the objective's beta times a factor from 0 to 1. Only
/// for the evidence lower bound. Validation measures with the whole beta.
public struct WarmUp: Sendable, Hashable {
  /// Which warm-up it is.
  public let kind: Kind
  /// How long it lasts, else 0.
  public let epochs: Double
  /// How often ``cyclic(epochs:cycles:share:)`` rises, else 0.
  public let cycles: Int
  /// The part of a cycle in which it rises, else 0.
  public let share: Double

  /// The whole beta from the beginning.
  public static let none = WarmUp(kind: .none)

  /// From 0 to beta over `epochs` (Bowman et al. 2016; Sonderby et al. 2016).
  public static func linear(epochs: Double) -> WarmUp { WarmUp(kind: .linear, epochs: epochs) }

  /// `cycles` times within `epochs`: from 0 to beta in the first `share` of the cycle, then beta (Fu et al. 2019).
  public static func cyclic(epochs: Double, cycles: Int = 4, share: Double = 0.5) -> WarmUp {
    WarmUp(kind: .cyclic, epochs: epochs, cycles: cycles, share: share)
  }

  init(kind: Kind, epochs: Double = 0, cycles: Int = 0, share: Double = 0) {
    (self.kind, self.epochs, self.cycles, self.share) = (kind, epochs, cycles, share)
  }

  /// The name of a warm-up, without its parameters.
  public struct Kind: Sendable, Hashable {
    let number: Int32

    /// ``WarmUp/none``
    public static let none = Kind(number: Int32(VAE_WARM_UP_NONE))
    /// ``WarmUp/linear(epochs:)``
    public static let linear = Kind(number: Int32(VAE_WARM_UP_LINEAR))
    /// ``WarmUp/cyclic(epochs:cycles:share:)``
    public static let cyclic = Kind(number: Int32(VAE_WARM_UP_CYCLIC))
  }
}

extension WarmUp.Kind: CaseIterable, LosslessStringConvertible {
  /// Every warm-up of the linked library.
  public static var allCases: [WarmUp.Kind] { cNumbers(vae_warm_up_name).map { WarmUp.Kind(number: $0) } }

  /// The name in model files and on the command line, `"linear"`.
  public var description: String { cName(number, vae_warm_up_name) }

  /// The warm-up of that name, nil where there is none.
  public init?(_ description: String) {
    guard let number = cNumber(named: description, vae_warm_up_name) else { return nil }
    self.init(number: number)
  }
}

extension LearningRateSchedule {
  init(_ training: vae_training) {
    let milestones = withUnsafeBytes(of: training.rate_milestones) { Array($0.bindMemory(to: UInt32.self)) }
    self.init(
      kind: Kind(number: training.rate_schedule), decay: training.rate_decay, epochs: training.rate_epochs,
      floor: training.rate_floor, milestones: milestones.prefix { $0 != 0 }.map(Int.init))
  }

  func put(into training: inout vae_training) throws(VAEError) {
    training.rate_schedule = kind.number
    training.rate_decay = decay
    training.rate_epochs = epochs
    training.rate_floor = floor
    guard milestones.count <= Int(VAE_MAX_MILESTONES) else {
      throw VAEError(
        .invalidArgument, "there are \(milestones.count) milestones; at most \(VAE_MAX_MILESTONES) are allowed")
    }
    var numbers: [UInt32] = []
    for milestone in milestones {
      guard milestone > 0 else { throw VAEError(.invalidArgument, "a milestone is \(milestone); it must be over 0") }
      numbers.append(try cSize(milestone, "a milestone"))
    }
    withUnsafeMutableBytes(of: &training.rate_milestones) { bytes in
      let places = bytes.bindMemory(to: UInt32.self)
      for (index, number) in numbers.enumerated() { places[index] = number }
    }
  }
}

extension WarmUp {
  init(_ training: vae_training) {
    self.init(
      kind: Kind(number: training.warm_up), epochs: training.warm_up_epochs, cycles: Int(training.warm_up_cycles),
      share: training.warm_up_share)
  }

  func put(into training: inout vae_training) throws(VAEError) {
    training.warm_up = kind.number
    training.warm_up_epochs = epochs
    training.warm_up_cycles = try cSize(cycles, "the warm-up's cycles")
    training.warm_up_share = share
  }
}
