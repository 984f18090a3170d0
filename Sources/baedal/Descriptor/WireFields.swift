/// The fields of one serialized protobuf message, as far as descriptors need them.
struct WireFields {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  /// Bytes that are not a protobuf message.
  struct Malformed: Error {}

  private(set) var fields: [(number: UInt64, value: Value)] = []

  init(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
    var rest = bytes
    while !rest.isEmpty {
      let tag = try Self.varint(&rest)
      let value: Value
      switch tag & 7 {
      case 0: value = .number(try Self.varint(&rest))
      case 1: value = .bytes(try Self.take(8, &rest))
      case 2: value = .bytes(try Self.take(Self.varint(&rest), &rest))
      case 5: value = .bytes(try Self.take(4, &rest))
      default: throw Malformed()
      }
      fields.append((tag >> 3, value))
    }
  }

  /// The last text of that field; empty if there is none.
  func text(_ number: UInt64) -> String {
    bytes(number).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The last number of that field; 0 if there is none.
  func number(_ number: UInt64) -> UInt64 {
    for (found, value) in fields.reversed() where found == number {
      if case .number(let value) = value { return value }
    }
    return 0
  }

  /// Every message of that field.
  func messages(_ number: UInt64) throws(Malformed) -> [WireFields] {
    try bytes(number).map { (bytes) throws(Malformed) in try WireFields(bytes) }
  }

  private func bytes(_ number: UInt64) -> [ArraySlice<UInt8>] {
    fields.compactMap { found, value in
      guard found == number, case .bytes(let bytes) = value else { return nil }
      return bytes
    }
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = rest.popFirst() {
      value |= UInt64(byte & 0x7F) << shift
      guard byte & 0x80 != 0 else { return value }
      shift += 7
      guard shift < 64 else { throw Malformed() }
    }
    throw Malformed()
  }

  private static func take(
    _ count: UInt64, _ rest: inout ArraySlice<UInt8>
  ) throws(Malformed) -> ArraySlice<UInt8> {
    guard let count = Int(exactly: count), count <= rest.count else { throw Malformed() }
    defer { rest.removeFirst(count) }
    return rest.prefix(count)
  }
}
