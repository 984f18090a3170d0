/// What keeps the calls of one aggregate together: for each method the field of its request whose
/// value is the key, as field numbers from the outside in. Read from the serialized request, so
/// that it also holds for calls that are only passed on.
package struct CallKeys: Sendable {
  /// `[1]` is field 1 of the request, `[1, 2]` field 2 of the message in its field 1.
  package typealias Field = [UInt64]

  private let fields: [String: Field]

  /// - Parameter fields: by a method's full name; calls of other methods have no key.
  package init(_ fields: [String: Field] = [:]) { self.fields = fields }

  /// The hash of the call's key; nil when its method has none, or the request does not hold one.
  package func key(of method: String, in request: [UInt8]) -> UInt64? {
    guard let path = fields[method] else { return nil }
    var range = request.indices
    for number in path {
      guard let inner = Self.field(number, of: request, in: range) else { return nil }
      range = inner
    }
    return range.isEmpty ? nil : RendezvousHash.hash(request[range])
  }

  /// Where the value of a text, bytes or message field stands. Never reads beyond `range`,
  /// whatever the bytes are.
  private static func field(
    _ wanted: UInt64, of bytes: [UInt8], in range: Range<Int>
  ) -> Range<Int>? {
    var at = range.lowerBound
    while at < range.upperBound {
      guard let tag = varint(bytes, &at, range.upperBound) else { return nil }
      switch tag & 7 {
      case 0:
        guard varint(bytes, &at, range.upperBound) != nil else { return nil }
      case 1: at += 8
      case 2:
        guard let length = varint(bytes, &at, range.upperBound),
          length <= UInt64(range.upperBound - at)
        else { return nil }
        let end = at + Int(length)
        if tag >> 3 == wanted { return at..<end }
        at = end
      case 5: at += 4
      default: return nil
      }
    }
    return nil
  }

  private static func varint(_ bytes: [UInt8], _ at: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard at < end else { return nil }
      let byte = bytes[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
