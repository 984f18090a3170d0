import Messages

/// One message as Python wrote it.
struct Sample: Sendable {
  let kind: Substring
  let type: any Message.Type
  let input: [UInt8]
  /// What re-encoding must give: the input without unknown fields.
  let expected: [UInt8]
  let json: String?

  /// Random, empty and maximal instances of every message, and some with unknown fields.
  static let all = Result {
    try Python.conformance("generate", set: MessageRegistry.descriptorSet, ["20261", "8"])
      .split(separator: "\n").map { line in
        let words = line.split(separator: " ")
        guard words.count == 5, let type = MessageRegistry.type(named: String(words[1])) else {
          throw Python.Failure(description: "not understood: \(line.prefix(200))")
        }
        return Sample(
          kind: words[0], type: type, input: bytes(words[2]), expected: bytes(words[3]),
          json: words[4] == "-" ? nil : String(decoding: bytes(words[4]), as: UTF8.self))
      }
  }

  /// A handful of each message that is short enough to be damaged everywhere.
  static func short() throws -> [Sample] {
    var count: [String: Int] = [:]
    return try all.get().filter { sample in
      guard sample.input.count <= 250 else { return false }
      count[sample.type.fullName, default: 0] += 1
      return count[sample.type.fullName, default: 0] <= 3
    }
  }
}

/// Bytes of a hexadecimal text; "-" is none.
func bytes(_ hexadecimal: some StringProtocol) -> [UInt8] {
  guard hexadecimal != "-" else { return [] }
  var bytes: [UInt8] = []
  var high: UInt8?
  for character in hexadecimal {
    let digit = UInt8(character.hexDigitValue ?? 0)
    if let first = high {
      bytes.append(first << 4 | digit)
      high = nil
    } else {
      high = digit
    }
  }
  return bytes
}

/// "-" if there are none.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".unicodeScalars)
  var text = String.UnicodeScalarView()
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return text.isEmpty ? "-" : String(text)
}

/// A generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

/// Decodes and encodes again, whatever the type.
func roundTrip(_ type: any Message.Type, _ bytes: [UInt8]) throws(CodecError) -> [UInt8] {
  func open<M: Message>(_ type: M.Type) throws(CodecError) -> [UInt8] {
    try M(serialized: bytes).serialized()
  }
  return try open(type)
}
