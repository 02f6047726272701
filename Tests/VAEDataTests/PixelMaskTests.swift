import Testing
import VAEData

/// Which pixels are seen, and the parts and conditions that are made of them.
@Suite struct PixelMaskTests {
  private static let square = ImageGeometry(height: 4, width: 4)

  /// A map of an image with `#` for what is seen.
  private func map(_ part: ObservedPart, _ geometry: ImageGeometry) throws -> [String] {
    let missing = Set(try PixelMask(part, geometry: geometry).missing)
    return (0..<geometry.height).map { row in
      (0..<geometry.width).map { missing.contains(row * geometry.width + $0) ? "." : "#" }.joined()
    }
  }

  @Test(arguments: [
    ("left", ["##..", "##..", "##..", "##.."]), ("top", ["####", "####", "....", "...."]),
    ("quadrants=1", ["....", "....", "##..", "##.."]), ("quadrants=2", ["##..", "##..", "##..", "##.."]),
    ("quadrants=3", ["####", "####", "##..", "##.."]),
  ])
  func parts(word: String, expected: [String]) throws {
    let part = try #require(ObservedPart(word))
    #expect(part.description == word)
    #expect(try map(part, Self.square) == expected)
  }

  @Test(arguments: ["", "right", "quadrants", "quadrants=0", "quadrants=4", "quadrants=-1", "Left"])
  func noParts(word: String) { #expect(ObservedPart(word) == nil) }

  @Test func digitsHaveQuartersOf196() throws {
    let geometry = ImageGeometry(height: 28, width: 28)
    for count in 1...3 {
      #expect(try PixelMask(.quadrants(count), geometry: geometry).missing.count == 784 - 196 * count)
    }
  }

  @Test func oddSidesAreCutBelowTheMiddle() throws {
    #expect(try map(.quadrants(3), ImageGeometry(height: 3, width: 3)) == ["###", "#..", "#.."])
  }

  @Test func coloursOfAPixelGoTogether() throws {
    let last = try PixelMask(.left, geometry: ImageGeometry(height: 1, width: 2, channels: 3))
    #expect(last.missing == [3, 4, 5])
    let first = try PixelMask(.left, geometry: ImageGeometry(height: 1, width: 2, channels: 3, channelsFirst: true))
    #expect(first.missing == [1, 3, 5])
  }

  @Test func tooSmall() {
    for (part, height, width) in [(ObservedPart.left, 4, 1), (.top, 1, 4), (.quadrants(1), 2, 1)] {
      #expect(throws: DataError.self) { try PixelMask(part, geometry: ImageGeometry(height: height, width: width)) }
    }
  }

  @Test func apartAndTogether() throws {
    let mask = try PixelMask(.quadrants(1), geometry: ImageGeometry(height: 2, width: 2))
    let table = try DataTable(
      values: .floats([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]), rows: 2, columns: 4, labels: [7, 9], source: "x")
    let part = try mask.missingPart(of: table)
    #expect((part.rows, part.columns) == (2, 3))
    #expect(part.floats(rows: 0..<2) == [0.1, 0.2, 0.4, 0.5, 0.6, 0.8])
    #expect(part.labels == [7, 9] && part.geometry == nil && part.source == "x")
    let whole = table.floats(rows: 0..<2)
    #expect(mask.marked(whole) == [-1, -1, 0.3, -1, -1, -1, 0.7, -1])
    #expect(mask.marked(whole, with: 0.5) == [0.5, 0.5, 0.3, 0.5, 0.5, 0.5, 0.7, 0.5])
    #expect(mask.completed(mask.marked(whole), with: part.floats(rows: 0..<2)) == whole)
  }

  @Test func bytesStayBytes() throws {
    let mask = try PixelMask(.top, geometry: ImageGeometry(height: 2, width: 2))
    let table = try DataTable(values: .bytes([1, 2, 3, 4], scale: 0.5), rows: 1, columns: 4)
    #expect(try mask.missingPart(of: table).values == .bytes([3, 4], scale: 0.5))
  }
}
