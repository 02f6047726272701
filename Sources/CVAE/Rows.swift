internal import CLibVAE

/// Something that holds rows of data: an array of floats, or ``Rows``.
///
/// Every function that reads data takes one. Let your own data set conform to hand it over as it is.
public protocol RowSource: Sendable {
  /// The data. Should cost nothing: arrays are shared, not copied.
  var rows: Rows { get }
}

/// A matrix of data, one example a row: floats, or bytes with a scale.
///
/// ```swift
/// let posterior = try model.encode(Rows(pixels, columns: 784))  // pixels: [UInt8], divided by 255
/// ```
///
/// Values lie row by row: `values[row * columns + column]`. Where ``columns`` is nil, a row is as long as the model's
/// input. The shape is checked where the rows are used.
///
/// A `Rows` made of an array shares it. One made of a buffer borrows it: see ``init(borrowing:columns:owner:)``.
public struct Rows: RowSource {
  /// Values in a row, nil for the model's input dimension.
  public let columns: Int?

  /// What ``RowSource/given(_:)`` joined to the rows; nil for a model without a condition.
  public internal(set) var condition: Condition?

  private let storage: Storage

  private enum Storage: @unchecked Sendable {
    case floats([Float])
    case bytes([UInt8], scale: Double)
    // Indirect as a condition's storage is. The initialiser's contract: nobody writes into the memory while the rows are
    // in use.
    indirect case floatBuffer(UnsafeBufferPointer<Float>, owner: (any Sendable)?)
    indirect case byteBuffer(UnsafeBufferPointer<UInt8>, scale: Double, owner: (any Sendable)?)
  }

  /// Rows of floats. The array is shared, not copied.
  public init(_ values: [Float], columns: Int? = nil) {
    self.columns = columns
    storage = .floats(values)
  }

  /// Rows of bytes, each of which stands for byte × `scale`. They are converted a mini-batch at a time, never as a whole.
  ///
  /// - Parameters:
  ///   - bytes: row by row. The array is shared, not copied.
  ///   - columns: values in a row, nil for the model's input dimension.
  ///   - scale: over 0 and finite; 1/255 brings the pixels of an image into [0, 1].
  public init(_ bytes: [UInt8], columns: Int? = nil, scale: Double = 1 / 255) {
    self.columns = columns
    storage = .bytes(bytes, scale: scale)
  }

  /// Rows of floats that lie in memory of your own.
  ///
  /// The memory is read in place. It must stay valid and unchanged as long as this value, any copy of it, or training on
  /// it lives. Give the object that keeps it alive as `owner`, and that half is taken care of.
  public init(borrowing values: UnsafeBufferPointer<Float>, columns: Int? = nil, owner: (any Sendable)? = nil) {
    self.columns = columns
    storage = .floatBuffer(values, owner: owner)
  }

  /// Rows of bytes that lie in memory of your own; see ``init(borrowing:columns:owner:)``.
  public init(
    borrowing bytes: UnsafeBufferPointer<UInt8>, columns: Int? = nil, scale: Double = 1 / 255,
    owner: (any Sendable)? = nil
  ) {
    self.columns = columns
    storage = .byteBuffer(bytes, scale: scale, owner: owner)
  }

  /// These rows.
  public var rows: Rows { self }

  /// The number of values in all rows together.
  public var valueCount: Int {
    switch storage {
    case .floats(let values): values.count
    case .bytes(let bytes, _): bytes.count
    case .floatBuffer(let values, _): values.count
    case .byteBuffer(let bytes, _, _): bytes.count
    }
  }
}

extension Array: RowSource where Element == Float {
  /// The array as rows as long as the model's input.
  public var rows: Rows { Rows(self) }
}

extension Rows {
  /// Gives the C view of the rows, and of their condition, for a model of that configuration; it is valid within `body`.
  func withData<R>(
    for configuration: VAE.Configuration, what: String = "data", _ body: (vae_data) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    try withValues(configuration.inputDimension, what) { data throws(VAEError) in
      try configuration.withCondition(condition, rows: data.rows, what: "the condition of the \(what)") {
        condition throws(VAEError) in
        var data = data
        data.condition = condition
        return try body(data)
      }
    }
  }

  /// The same without the condition.
  func withValues<R>(
    _ dimension: Int, _ what: String = "data", _ body: (vae_data) throws(VAEError) -> R
  ) throws(VAEError) -> R {
    switch storage {
    case .floats(let values):
      return try values.withUnsafeBufferPointer { buffer throws(VAEError) in
        try body(vae_data(buffer, columns: columns, dimension: dimension, what: what))
      }
    case .bytes(let bytes, let scale):
      return try bytes.withUnsafeBufferPointer { buffer throws(VAEError) in
        try body(vae_data(buffer, scale: scale, columns: columns, dimension: dimension, what: what))
      }
    case .floatBuffer(let buffer, let owner):
      defer { withExtendedLifetime(owner) {} }
      return try body(vae_data(buffer, columns: columns, dimension: dimension, what: what))
    case .byteBuffer(let buffer, let scale, let owner):
      defer { withExtendedLifetime(owner) {} }
      return try body(vae_data(buffer, scale: scale, columns: columns, dimension: dimension, what: what))
    }
  }
}

extension vae_data {
  init(
    _ values: UnsafeBufferPointer<Float>, columns: Int? = nil, dimension: Int, what: String = "data"
  ) throws(VAEError) {
    self.init()
    vae_data_init(&self)
    type = vae_data_type(VAE_DATA_FLOAT32)
    self.values = UnsafeRawPointer(values.baseAddress)
    try setShape(values.count, columns, dimension, what)
  }

  init(
    _ bytes: UnsafeBufferPointer<UInt8>, scale: Double, columns: Int? = nil, dimension: Int, what: String = "data"
  ) throws(VAEError) {
    self.init()
    vae_data_init(&self)
    type = vae_data_type(VAE_DATA_UINT8)
    values = UnsafeRawPointer(bytes.baseAddress)
    self.scale = scale
    try setShape(bytes.count, columns, dimension, what)
  }

  private mutating func setShape(_ count: Int, _ given: Int?, _ dimension: Int, _ what: String) throws(VAEError) {
    if let given, given != dimension {
      throw VAEError(.mismatch, "\(what): rows of \(given) values, but the model's input dimension is \(dimension)")
    }
    guard count > 0 else { throw VAEError(.invalidArgument, "\(what): no rows; at least one is needed") }
    guard count % dimension == 0 else {
      throw VAEError(
        .mismatch,
        "\(what): \(count) values are no whole number of rows of \(dimension), the model's input dimension")
    }
    columns = dimension
    rows = count / dimension
  }
}
