#if canImport(Glibc)
  import Glibc
#endif

extension DataTable {
  /// The rows at `indices`, in that order; an index may occur more than once. The values are copied.
  ///
  /// - Throws: ``DataError`` where there are no indices, or one lies outside `0..<rows`.
  public func subset(_ indices: [Int]) throws(DataError) -> DataTable {
    guard !indices.isEmpty else { throw DataError(.argument, source, "a subset of no rows was asked for") }
    if let bad = indices.first(where: { $0 < 0 || $0 >= rows }) {
      throw DataError(.argument, source, "row \(bad) was asked for; allowed are 0 to \(rows - 1)")
    }
    var result = self
    switch values {
    case .floats(let floats): result.values = .floats(gathered(floats, indices))
    case .bytes(let bytes, let scale): result.values = .bytes(gathered(bytes, indices), scale: scale)
    }
    result.rows = indices.count
    result.labels = labels.map { labels in indices.map { labels[$0] } }
    result.fileRows = indices.map { fileRows?[$0] ?? $0 }
    return result
  }

  /// Splits the table into a part to train on and a part to validate with, drawn without replacement by `seed`.
  ///
  /// The validation part has `fraction * rows` rows, rounded to the nearest; both parts keep the order of the rows. The
  /// same seed, fraction and number of rows give the same parts on every machine. The memory of `self` becomes that of
  /// the training part where nobody else holds it, so only the validation rows are copied.
  ///
  /// - Parameters:
  ///   - fraction: the share of the rows to validate with, above 0 and below 1.
  ///   - seed: chooses the rows.
  /// - Throws: ``DataError`` of kind `argument` where the fraction is not between 0 and 1, or a part would be empty.
  public consuming func split(
    validation fraction: Double = 0.1, seed: UInt64
  ) throws(DataError) -> (train: DataTable, validation: DataTable) {
    guard fraction > 0, fraction < 1 else {
      throw DataError(.argument, source, "the validation fraction is \(fraction); allowed is above 0 and below 1")
    }
    let drawn = Self.drawnRows(validation: fraction, of: rows, seed: seed)
    guard !drawn.isEmpty, drawn.count < rows else {
      let part = drawn.isEmpty ? "validation" : "training"
      throw DataError(
        .argument, source,
        "a validation fraction of \(fraction) of \(counted(rows, "row")) leaves no row for the \(part) part")
    }
    let validation = try subset(drawn)
    remove(drawn)
    return (self, validation)
  }

  /// The rows that ``split(validation:seed:)`` draws from a table of `rows` rows, ascending.
  public static func drawnRows(validation fraction: Double, of rows: Int, seed: UInt64) -> [Int] {
    VAEData.drawnRows(Int((fraction * Double(rows)).rounded()), of: rows, seed: seed)
  }

  /// Removes the rows at `indices` (ascending, distinct) in place.
  private mutating func remove(_ indices: [Int]) {
    let all = values
    // Nothing else may refer to the array while it is changed, or it would be copied.
    values = .floats([])
    switch consume all {
    case .floats(var floats):
      removeRows(&floats, indices)
      values = .floats(floats)
    case .bytes(var bytes, let scale):
      removeRows(&bytes, indices)
      values = .bytes(bytes, scale: scale)
    }
    let left = remainingRows(indices)
    labels = labels.map { labels in left.map { labels[$0] } }
    fileRows = left.map { fileRows?[$0] ?? $0 }
    rows = left.count
  }

  private func remainingRows(_ removed: [Int]) -> [Int] {
    var left: [Int] = []
    left.reserveCapacity(rows - removed.count)
    var next = 0
    for row in 0..<rows {
      if next < removed.count, removed[next] == row { next += 1 } else { left.append(row) }
    }
    return left
  }

  private func removeRows<Element: BitwiseCopyable>(_ array: inout [Element], _ removed: [Int]) {
    let columns = columns
    array.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      // Each run of kept rows moves down by the number of rows removed before it.
      for (index, row) in removed.enumerated() {
        let end = index + 1 < removed.count ? removed[index + 1] : rows
        (base + (row - index) * columns).update(from: base + (row + 1) * columns, count: (end - row - 1) * columns)
      }
    }
    array.removeLast(removed.count * columns)
    giveBackSpareMemory(of: &array, spare: removed.count * columns)
  }

  private func gathered<Element>(_ array: [Element], _ indices: [Int]) -> [Element] {
    let columns = columns
    return [Element](unsafeUninitializedCapacity: indices.count * columns) { target, count in
      array.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (place, row) in indices.enumerated() {
          (to + place * columns).initialize(from: from + row * columns, count: columns)
        }
        count = indices.count * columns
      }
    }
  }
}

/// Gives the whole pages of an array's `spare` unused elements back to the system: a shorter array keeps its memory, and
/// a copy would need both at once.
private func giveBackSpareMemory<Element: BitwiseCopyable>(of array: inout [Element], spare: Int) {
  #if canImport(Glibc)
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    guard array.capacity - array.count >= spare else { return }
    array.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let begin = (UInt(bitPattern: base + buffer.count) + page - 1) / page * page
      let end = UInt(bitPattern: base + buffer.count + spare) / page * page
      // What lies there counts as uninitialised; the pages read as zero when they are used again.
      if begin < end { madvise(UnsafeMutableRawPointer(bitPattern: begin), Int(end - begin), MADV_DONTNEED) }
    }
  #endif
}

/// `count` of the numbers `0..<total`, ascending, every choice equally likely (Knuth, TAOCP 2, 3.4.2, algorithm S).
func drawnRows(_ count: Int, of total: Int, seed: UInt64) -> [Int] {
  var generator = SplitMix64(state: seed)
  var drawn: [Int] = []
  drawn.reserveCapacity(count)
  for row in 0..<total where drawn.count < count {
    if generator.next(below: UInt64(total - row)) < UInt64(count - drawn.count) { drawn.append(row) }
  }
  return drawn
}

/// The SplitMix64 generator (Steele, Lea, Flood 2014): the same numbers on every machine and in every version.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`, unbiased: draws in the incomplete last interval are thrown away. `bound` is at least 1.
  mutating func next(below bound: UInt64) -> UInt64 {
    let reject = (0 &- bound) % bound
    while true {
      let draw = next()
      if draw >= reject { return draw % bound }
    }
  }
}
