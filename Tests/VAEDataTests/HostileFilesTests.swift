import Testing

@testable import VAEData

/// Damaged files of every kind, drawn by a fixed seed: the reader either gives a table or throws, and never stops the
/// process.
@Suite struct HostileFilesTests {
  private static let seeds: [(name: String, content: [UInt8])] = [
    ("a", idx(8, [3, 2, 2], [UInt8](0..<12))),
    ("b", idx(0x0e, [2, 1], bigEndian(0.5.bitPattern) + bigEndian(2.0.bitPattern))),
    ("c.gz", gzipped(idx(8, [3, 2, 2], [UInt8](0..<12)))),
    ("d.npy", npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }", [UInt8](repeating: 63, count: 32))),
    (
      "e.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", [1, 2, 3, 4, 5, 6], version: [2, 0])
    ),
    ("f.csv", Array("a,\"b \"\"c\"\"\"\r\n1,2.5e-3\r\n\"3\",-4\r\n".utf8)),
    ("g.csv.gz", gzipped(Array("1,2\n3,4\n".utf8))),
  ]

  @Test(arguments: 0..<seeds.count) func damagedFiles(index: Int) throws {
    let scratch = try Scratch()
    let (name, content) = Self.seeds[index]
    #expect(try DataTable.read(try scratch.file(name, content)).rows > 1)
    var generator = SplitMix64(state: UInt64(index))
    var outcomes = (read: 0, refused: 0)
    let interesting: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x22, 0x2c, 0x28, 0x29, 0x27, 0x39]
    for _ in 0..<800 {
      var damaged = content
      for _ in 0...generator.next(below: 3) {
        let place = Int(generator.next(below: UInt64(damaged.count)))
        switch generator.next(below: 5) {
        case 0: damaged[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: damaged[place] = interesting[Int(generator.next(below: UInt64(interesting.count)))]
        case 2: damaged[place] ^= 1 << UInt8(generator.next(below: 8))
        case 3: damaged.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        default: if damaged.count > 1 { damaged.remove(at: place) }
        }
      }
      do throws(DataError) {
        let table = try DataTable.read(scratch.path + "/" + write(damaged, name, scratch))
        #expect(table.values.count == table.rows * table.columns)
        _ = table.firstInvalidValue(in: 0...1)
        outcomes.read += 1
      } catch {
        #expect(!error.description.contains("\n"))
        outcomes.refused += 1
      }
    }
    // Both must happen, or the damage tests nothing.
    #expect(outcomes.read > 0 || name.hasSuffix(".gz"))
    #expect(outcomes.refused > 0)
  }

  private func write(_ bytes: [UInt8], _ name: String, _ scratch: Scratch) throws(DataError) -> String {
    do { _ = try scratch.file(name, bytes) } catch { throw DataError(.unwritable, name, "\(error)") }
    return name
  }
}
