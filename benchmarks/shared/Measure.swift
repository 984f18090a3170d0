import Glibc

/// Measures how long encoding and decoding take, and how often they allocate. Both codec programs
/// share this file.
struct CodecReport {
  private var lines: [String] = []
  private let samples: [(name: String, bytes: [UInt8])]
  private let countAllocations: (@convention(c) () -> UInt64)?

  /// Reads the samples that `benchmarks/run codec` wrote: for each a name and the bytes, each
  /// after its length in 4 bytes, big end first.
  init() {
    let file = CommandLine.arguments.dropFirst().first.flatMap { fopen($0, "rb") }
    guard let file else {
      print("usage: \(CommandLine.arguments[0]) SAMPLES")
      exit(64)
    }
    defer { fclose(file) }
    var samples: [(String, [UInt8])] = []
    while let name = Self.read(file), let bytes = Self.read(file) {
      samples.append((String(decoding: name, as: UTF8.self), bytes))
    }
    self.samples = samples
    countAllocations = dlsym(nil, "baedal_malloc_count").map {
      unsafeBitCast($0, to: (@convention(c) () -> UInt64).self)
    }
  }

  private static func read(_ file: UnsafeMutablePointer<FILE>) -> [UInt8]? {
    var head = [UInt8](repeating: 0, count: 4)
    guard fread(&head, 1, 4, file) == 4 else { return nil }
    var bytes = [UInt8](repeating: 0, count: head.reduce(0) { $0 << 8 | Int($1) })
    return fread(&bytes, 1, bytes.count, file) == bytes.count ? bytes : nil
  }

  /// Measures one message. `decode` and `encode` are what a program would call.
  mutating func measure<Message>(
    _ name: String, decode: ([UInt8]) throws -> Message, encode: (Message) throws -> [UInt8]
  ) throws {
    guard let bytes = samples.first(where: { $0.name == name })?.bytes else { return }
    let message = try decode(bytes)
    guard try encode(message).sorted() == bytes.sorted() else {
      print("\(name): what was decoded is not encoded as it came")
      exit(65)
    }
    let encoded = try cost { keep(try encode(message)) }
    let decoded = try cost { keep(try decode(bytes)) }
    lines.append(
      """
      "\(name)": {"bytes": \(bytes.count), \
      "encode_ns": \(encoded.nanoseconds), "encode_allocations": \(encoded.allocations), \
      "decode_ns": \(decoded.nanoseconds), "decode_allocations": \(decoded.allocations)}
      """)
  }

  /// One line of JSON.
  func finish() {
    print("{" + lines.joined(separator: ", ") + "}")
  }

  /// The fastest of many short runs, which other programs disturb least.
  private func cost(
    _ body: () throws -> Void
  ) rethrows -> (nanoseconds: Double, allocations: Double) {
    let repeats = 2_000
    var best = Double.infinity
    var allocations = 0.0
    for _ in 0..<60 {
      let countBefore = countAllocations?() ?? 0
      let before = monotonicNanoseconds()
      for _ in 0..<repeats { try body() }
      let after = monotonicNanoseconds()
      best = min(best, Double(after - before) / Double(repeats))
      let count = (countAllocations?() ?? 0) - countBefore
      allocations = Double(count) / Double(repeats)
    }
    return (best, allocations)
  }
}

private func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

@inline(never)
private func keep<Value>(_ value: Value) {
  withExtendedLifetime(value) {}
}
