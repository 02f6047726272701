internal import CLibVAE

/// What a conditional model is told beside its rows, c of p(x|z, c): real vectors or class labels, one a row or one for all.
///
/// ```swift
/// let model = try VAE(VAE.Configuration(input: 784, condition: 10, hidden: [400], latent: 20))
/// try await Trainer(model).fit(digits.given(.labels(classes)), epochs: 10)  // classes: [UInt8], each 0 to 9
/// let sevens = try model.sample(count: 16, given: .label(7))
/// ```
///
/// ``RowSource/given(_:)`` joins a condition to rows of data; decoding and sampling take it as an argument. It has as many
/// rows as what it goes with, or a single one that holds for all. The shape is checked where the condition is used.
///
/// Labels are never written out as vectors with a single 1: they are expanded a mini-batch at a time. A condition made of an
/// array shares it. One made of a buffer borrows it: see ``init(borrowing:columns:owner:)``.
public struct Condition: Sendable {
  /// Values in a row, nil for the model's condition dimension; 1 for labels.
  public let columns: Int?

  private let storage: Storage

  // Indirect, so that rows with a condition stay small: Swift 6.3's optimiser loses parts of enums of many words.
  private indirect enum Storage: @unchecked Sendable {
    case floats([Float])
    case bytes([UInt8], scale: Double)
    case byteLabels([UInt8])
    case labels([UInt32])
    // The initialiser's contract: nobody writes into the memory while the condition is in use.
    case memory(View, owner: (any Sendable)?)
  }

  /// Real vectors, row by row. The array is shared, not copied.
  public init(_ values: [Float], columns: Int? = nil) {
    self.init(storage: .floats(values), columns: columns)
  }

  /// Real vectors of bytes, each of which stands for byte × `scale`. The array is shared, not copied.
  ///
  /// - Parameters:
  ///   - bytes: row by row.
  ///   - columns: values in a row, nil for the model's condition dimension.
  ///   - scale: over 0 and finite; 1/255 brings the pixels of an image into [0, 1].
  public init(_ bytes: [UInt8], columns: Int? = nil, scale: Double = 1 / 255) {
    self.init(storage: .bytes(bytes, scale: scale), columns: columns)
  }

  /// A class for each row, from 0 to one less than the model's condition dimension. The array is shared, not copied.
  @_disfavoredOverload  // so that `[0, 1, 2]` is an array of UInt32
  public static func labels(_ labels: [UInt8]) -> Condition { Condition(storage: .byteLabels(labels), columns: 1) }

  /// A class for each row, from 0 to one less than the model's condition dimension. The array is shared, not copied.
  public static func labels(_ labels: [UInt32]) -> Condition { Condition(storage: .labels(labels), columns: 1) }

  /// One class for all rows.
  public static func label(_ label: UInt32) -> Condition { Condition(storage: .labels([label]), columns: 1) }

  /// Real vectors that lie in memory of your own.
  ///
  /// The memory is read in place. It must stay valid and unchanged as long as this value, any copy of it, or training with
  /// it lives. Give the object that keeps it alive as `owner`, and that half is taken care of.
  public init(borrowing values: UnsafeBufferPointer<Float>, columns: Int? = nil, owner: (any Sendable)? = nil) {
    self.init(storage: .memory(View(values, VAE_CONDITION_FLOAT32), owner: owner), columns: columns)
  }

  /// Real vectors of bytes that lie in memory of your own; see ``init(borrowing:columns:owner:)``.
  public init(
    borrowing bytes: UnsafeBufferPointer<UInt8>, columns: Int? = nil, scale: Double = 1 / 255,
    owner: (any Sendable)? = nil
  ) {
    let view = View(bytes, VAE_CONDITION_UINT8, scale: scale)
    self.init(storage: .memory(view, owner: owner), columns: columns)
  }

  /// A class for each row, in memory of your own; see ``init(borrowing:columns:owner:)``.
  public static func labels(
    borrowing labels: UnsafeBufferPointer<UInt8>, owner: (any Sendable)? = nil
  ) -> Condition {
    Condition(storage: .memory(View(labels, VAE_CONDITION_LABELS_UINT8), owner: owner), columns: 1)
  }

  /// A class for each row, in memory of your own; see ``init(borrowing:columns:owner:)``.
  public static func labels(
    borrowing labels: UnsafeBufferPointer<UInt32>, owner: (any Sendable)? = nil
  ) -> Condition {
    Condition(storage: .memory(View(labels, VAE_CONDITION_LABELS_UINT32), owner: owner), columns: 1)
  }

  private init(storage: Storage, columns: Int?) {
    self.storage = storage
    self.columns = columns
  }

  /// The number of values in all rows together: of labels, the number of labels.
  public var valueCount: Int { withView { $0.count } }

  /// Whether it holds class labels, not vectors.
  public var isLabels: Bool { withView { $0.isLabels } }
}

extension RowSource {
  /// The same rows with a condition, for a model that has one. Nothing is copied.
  ///
  /// Everything that reads data takes the result: `model.encode(x.given(c))`, `trainer.fit(x.given(c), epochs: 5)`.
  ///
  /// - Parameter condition: as many rows as there are of data, or one for all; nil takes a condition away.
  public func given(_ condition: Condition?) -> Rows {
    var rows = rows
    rows.condition = condition
    return rows
  }
}

extension Condition {
  /// Where the values lie, without their shape; valid as long as the memory is.
  fileprivate struct View {
    let type: Int32
    let values: UnsafeRawPointer?
    let count: Int
    let scale: Double

    init<T>(_ values: UnsafeBufferPointer<T>, _ type: Int, scale: Double = 1 / 255) {
      self.type = Int32(type)
      self.values = UnsafeRawPointer(values.baseAddress)
      count = values.count
      self.scale = scale
    }

    var isLabels: Bool { type >= Int32(VAE_CONDITION_LABELS_UINT8) }
  }

  private func withView<R, E: Error>(_ body: (View) throws(E) -> R) throws(E) -> R {
    switch storage {
    case .floats(let values):
      return try values.withUnsafeBufferPointer { buffer throws(E) in try body(View(buffer, VAE_CONDITION_FLOAT32)) }
    case .bytes(let bytes, let scale):
      return try bytes.withUnsafeBufferPointer { buffer throws(E) in
        try body(View(buffer, VAE_CONDITION_UINT8, scale: scale))
      }
    case .byteLabels(let labels):
      return try labels.withUnsafeBufferPointer { buffer throws(E) in
        try body(View(buffer, VAE_CONDITION_LABELS_UINT8))
      }
    case .labels(let labels):
      return try labels.withUnsafeBufferPointer { buffer throws(E) in
        try body(View(buffer, VAE_CONDITION_LABELS_UINT32))
      }
    case .memory(let view, let owner):
      defer { withExtendedLifetime(owner) {} }
      return try body(view)
    }
  }

  /// The number of rows that this condition has for a model with that condition dimension.
  func rowCount(dimension: Int, what: String) throws(VAEError) -> Int {
    try withView { view throws(VAEError) in try rowCount(view, dimension, what) }
  }

  private func rowCount(_ view: View, _ dimension: Int, _ what: String) throws(VAEError) -> Int {
    guard dimension > 0 else { throw VAEError(.mismatch, "\(what): the model has no condition, but one is given") }
    guard view.count > 0 else { throw VAEError(.invalidArgument, "\(what): no rows; at least one is needed") }
    if view.isLabels { return view.count }
    if let columns, columns != dimension {
      throw VAEError(
        .mismatch, "\(what): rows of \(columns) values, but the model's condition dimension is \(dimension)")
    }
    guard view.count % dimension == 0 else {
      throw VAEError(
        .mismatch,
        "\(what): \(view.count) values are no whole number of rows of \(dimension), the model's condition dimension")
    }
    return view.count / dimension
  }

  fileprivate func withC<R>(
    dimension: Int, rows: Int, what: String, _ body: (UnsafePointer<vae_condition>) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try withView { view throws(VAEError) in
      var condition = vae_condition()
      vae_condition_init(&condition)
      condition.type = view.type
      condition.values = view.values
      condition.scale = view.scale
      condition.rows = try rowCount(view, dimension, what)
      guard condition.rows == rows || condition.rows == 1 else {
        throw VAEError(
          .mismatch, "\(what): \(condition.rows) rows, but \(rows) are needed, or a single one for all")
      }
      return try body(&condition)
    }
  }
}

extension VAE.Configuration {
  /// Gives the C view of the condition of `rows` rows, NULL for a model without one; it is valid within `body`.
  func withCondition<R>(
    _ condition: Condition?, rows: Int, what: String = "condition",
    _ body: (UnsafePointer<vae_condition>?) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    if let condition {
      return try condition.withC(dimension: conditionDimension, rows: rows, what: what, body)
    }
    guard conditionDimension == 0 else {
      throw VAEError(
        .mismatch, "\(what): none is given, but the model needs one of dimension \(conditionDimension)")
    }
    return try body(nil)
  }
}
