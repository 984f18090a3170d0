/// Where a text, bytes or message field stands in a serialized message, as field numbers from the
/// outside in: `[1]` is field 1, `[1, 2]` field 2 of the message in its field 1. For what must be
/// known of a request before, or without, decoding it.
///
/// Never reads beyond the bytes, whatever they are.
public struct RequestField: Hashable, Sendable, ExpressibleByArrayLiteral {
  private let path: [UInt64]

  public init(arrayLiteral path: UInt64...) { self.path = path }

  /// The field's first value; nil when there is none, or it cannot be read.
  public func first(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var value = bytes[...]
    for number in path {
      var found: ArraySlice<UInt8>?
      _ = Self.walk(value) { at, inner in
        if at == number { found = inner }
        return found == nil
      }
      guard let inner = found else { return nil }
      value = inner
    }
    return value
  }

  /// All its values: of a field that comes several times a decoder takes the last, and puts messages
  /// together. Nil when the bytes are no message.
  public func all(in bytes: [UInt8]) -> [ArraySlice<UInt8>]? {
    var values = [bytes[...]]
    for number in path {
      var inside: [ArraySlice<UInt8>] = []
      for value in values {
        let isWhole = Self.walk(value) { at, inner in
          if at == number { inside.append(inner) }
          return true
        }
        guard isWhole else { return nil }
      }
      values = inside
    }
    return values
  }

  /// Tells `body` of each length-delimited field until it gives false. True if the bytes could be
  /// read up to there.
  private static func walk(
    _ bytes: ArraySlice<UInt8>, _ body: (_ number: UInt64, _ value: ArraySlice<UInt8>) -> Bool
  ) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      // Numbers are of 29 bits: a decoder may cut off what is above.
      guard let tag = varint(&rest), tag <= UInt64(UInt32.max) else { return false }
      switch tag & 7 {
      case 0:
        guard varint(&rest) != nil else { return false }
      case 1:
        guard rest.count >= 8 else { return false }
        rest = rest.dropFirst(8)
      case 2:
        guard let length = varint(&rest), length <= UInt64(rest.count) else { return false }
        let value = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        guard body(tag >> 3, value) else { return true }
      case 5:
        guard rest.count >= 4 else { return false }
        rest = rest.dropFirst(4)
      default: return false
      }
    }
    return true
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
