import CMessages

extension Arena {
  /// Unpacks into the thread's arena and makes the Swift value from the C tree.
  @inline(__always)
  static func decode<C, Value>(
    _ bytes: UnsafeRawBufferPointer, _ name: String,
    unpack: (
      UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
    ) -> UnsafeMutablePointer<C>?,
    value: (UnsafePointer<C>) throws(CodecFailure) -> Value
  ) throws(CodecError) -> Value {
    do throws(CodecFailure) {
      let arena = try current()
      let mark = arena.mark()
      defer { arena.release(mark) }
      let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      guard let c = unpack(arena.allocator, bytes.count, start) else {
        throw arena.state.pointee.isExhausted ? .exhausted : .malformed
      }
      return try value(UnsafePointer(c))
    } catch {
      throw error.named(name)
    }
  }
}

extension String {
  /// Copies the bytes of a string field, which may hold NUL, and refuses what is not UTF-8.
  @inline(__always)
  init(c data: ProtobufCBinaryData, field: StaticString) throws(CodecFailure) {
    guard data.len > 0, let start = data.data else {
      self = ""
      return
    }
    let bytes = UnsafeBufferPointer(start: UnsafePointer(start), count: data.len)
    // By way of spans, which are concrete: `String(validating:as:)` is generic and is not
    // specialized, at three times the cost.
    if bytes.isASCII {
      self = String(copying: UTF8Span(unchecked: bytes.span, isKnownASCII: true))
      return
    }
    do throws(UTF8.ValidationError) {
      self = String(copying: try UTF8Span(validating: bytes.span))
    } catch {
      throw .invalidUTF8(field)
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Eight bytes at a time; most strings of this protocol are short ASCII.
  @inline(__always)
  fileprivate var isASCII: Bool {
    guard var next = UnsafeRawPointer(baseAddress) else { return true }
    var rest = count
    var seen: UInt64 = 0
    while rest >= 8 {
      seen |= next.loadUnaligned(as: UInt64.self)
      next += 8
      rest &-= 8
    }
    while rest > 0 {
      seen |= UInt64(next.load(as: UInt8.self))
      next += 1
      rest &-= 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }
}

extension Array where Element: BitwiseCopyable {
  /// Copies a repeated number; nil is empty.
  @inline(__always)
  init(c start: UnsafeMutablePointer<Element>?, count: Int) {
    self = Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}

extension Array where Element == UInt8 {
  /// Copies a bytes field.
  @inline(__always)
  init(c data: ProtobufCBinaryData) {
    self.init(c: data.data, count: data.len)
  }
}

/// Makes an array from a repeated field, one element at a time; nil is empty.
@inline(__always)
func decodeList<C, Value>(
  _ start: UnsafeMutablePointer<C>?, count: Int,
  _ convert: (C) throws(CodecFailure) -> Value
) throws(CodecFailure) -> [Value] {
  guard count > 0, let start else { return [] }
  var values: [Value] = []
  values.reserveCapacity(count)
  for index in 0..<count { values.append(try convert(start[index])) }
  return values
}
