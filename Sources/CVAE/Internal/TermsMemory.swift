internal import CLibVAE

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory that C writes the terms of each example into: one block for those that are wanted.
final class TermsMemory {
  enum Term: Int, CaseIterable { case loss, kl, reconstruction, sampleNLL, mean, logvar, z, output }

  private let block: UnsafeMutablePointer<Float>
  private var ranges: [Range<Int>] = []

  init(rows: Int, _ wanted: Set<Term>, _ configuration: VAE.Configuration, samples: Int) throws(VAEError) {
    let what = "the terms of each example"
    var end = 0
    for term in Term.allCases {
      let count: Int
      switch term {
      case _ where !wanted.contains(term): count = 0
      case .loss, .kl, .reconstruction: count = rows
      case .sampleNLL: count = try product(samples, rows, what: what)
      case .mean, .logvar: count = try product(rows, configuration.latentDimension, what: what)
      case .z: count = try product(samples, rows, configuration.latentDimension, what: what)
      case .output: count = try product(samples, rows, configuration.inputDimension, what: what)
      }
      let (next, overflow) = end.addingReportingOverflow(count)
      ranges.append(end..<(overflow ? end : next))
      end = overflow ? Int.max / 8 : next
    }
    let bytes = try product(end, MemoryLayout<Float>.stride, what: what)
    guard let memory = calloc(max(bytes, 1), 1) else {
      throw VAEError(.outOfMemory, "\(what): there is not enough memory for \(bytes) bytes")
    }
    block = memory.bindMemory(to: Float.self, capacity: end)
  }

  deinit { free(block) }

  /// For C to fill.
  var terms: vae_terms {
    var terms = vae_terms()
    vae_terms_init(&terms)
    terms.loss = pointer(.loss)
    terms.kl = pointer(.kl)
    terms.reconstruction = pointer(.reconstruction)
    terms.sample_nll = pointer(.sampleNLL)
    terms.mean = pointer(.mean)
    terms.logvar = pointer(.logvar)
    terms.z = pointer(.z)
    terms.output = pointer(.output)
    return terms
  }

  func array(_ term: Term) -> [Float] {
    let range = ranges[term.rawValue]
    return Array(UnsafeBufferPointer(start: block + range.lowerBound, count: range.count))
  }

  private func pointer(_ term: Term) -> UnsafeMutablePointer<Float>? {
    let range = ranges[term.rawValue]
    return range.isEmpty ? nil : block + range.lowerBound
  }
}
