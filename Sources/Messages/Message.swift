/// A protobuf message as a Swift value. Generated from `proto/`; the bytes are written and read
/// by libprotobuf-c.
///
/// Decoding ignores fields it does not know, validates UTF-8, and answers damaged or oversized
/// input with a `CodecError`, never with a trap.
public protocol Message: Hashable, Sendable {
  /// All fields at their proto3 defaults.
  init()

  /// The full name in the schema, such as `baedal.order.v1.PlaceOrderRequest`.
  static var fullName: String { get }

  /// The message's bytes.
  func serialized() throws(CodecError) -> [UInt8]

  /// Reads a message; the bytes are copied and may go afterwards.
  init(serialized bytes: UnsafeRawBufferPointer) throws(CodecError)

  /// Reads a message from an array.
  init(serialized bytes: [UInt8]) throws(CodecError)

  /// Prepares the bytes and calls `body` once, which learns their count and may write them
  /// straight to where they belong. No intermediate buffer is made.
  func withEncoded(_ body: (borrowing EncodedMessage) -> Void) throws(CodecError)
}

/// A protobuf enum as an open Swift enum: a value that this version does not know is kept as
/// `unrecognized` and written back as it came.
public protocol MessageEnum: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == Int32 {
  /// Never fails: what is not known becomes `unrecognized`.
  init(rawValue: Int32)

  /// The name in the .proto, or the number of an unknown value.
  var protoName: String { get }
}
