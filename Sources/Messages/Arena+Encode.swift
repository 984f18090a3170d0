import CMessages

/// A message ready to be written: its C tree stands in the thread's arena until the closure that
/// was handed this value returns.
public struct EncodedMessage: ~Copyable {
  /// No fewer bytes than `write` writes, and not many more. Known without looking at the message
  /// again, so make room for this many and take the count that `write` returns.
  public let byteCountMax: Int

  private let c: UnsafePointer<ProtobufCMessage>
  private let arena: Arena

  /// Up to this size an array is packed in the arena and then copied, which is cheaper than
  /// learning the exact size first.
  private static let scratchByteCountMax = 4096

  fileprivate init(_ c: UnsafePointer<ProtobufCMessage>, byteCountMax: Int, arena: Arena) {
    self.c = c
    self.byteCountMax = byteCountMax
    self.arena = arena
  }

  /// How many bytes `write` writes. Costs about a third of writing them.
  public var byteCount: Int { protobuf_c_message_get_packed_size(c) }

  /// Writes the message to the front of `target` and returns the count of bytes written. Writes
  /// nothing and returns nil when the message does not fit.
  public func write(to target: UnsafeMutableRawBufferPointer) -> Int? {
    guard target.count >= byteCountMax || target.count >= byteCount else { return nil }
    guard let start = target.baseAddress else { return 0 }
    return protobuf_c_message_pack(c, start.assumingMemoryBound(to: UInt8.self))
  }

  /// The message as an array.
  public func bytes() -> [UInt8] {
    if byteCountMax <= Self.scratchByteCountMax,
      let scratch = arena.allocate(byteCount: byteCountMax)
    {
      let start = scratch.assumingMemoryBound(to: UInt8.self)
      let count = protobuf_c_message_pack(c, start)
      return [UInt8](UnsafeBufferPointer(start: start, count: count))
    }
    return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      count = write(to: UnsafeMutableRawBufferPointer(buffer)) ?? 0
    }
  }
}

extension Arena {
  /// Builds a C tree and hands it to `body`; nests, since marks are released in order.
  @inline(__always)
  static func encode<C, R>(
    _ type: C.Type, _ name: String,
    fill: (UnsafeMutablePointer<C>, Arena) throws(CodecFailure) -> Void,
    body: (borrowing EncodedMessage) -> R
  ) throws(CodecError) -> R {
    do throws(CodecFailure) {
      let arena = try current()
      let mark = arena.mark()
      defer { arena.release(mark) }
      let outer = arena.state.pointee.packedByteCountMax
      arena.state.pointee.packedByteCountMax = 0
      defer { arena.state.pointee.packedByteCountMax = outer }
      let c = try arena.allocate(type)
      try fill(c, arena)
      // Every generated C struct begins with its ProtobufCMessage.
      let base = UnsafeRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self)
      let message = EncodedMessage(
        base, byteCountMax: arena.state.pointee.packedByteCountMax, arena: arena)
      return body(message)
    } catch {
      throw error.named(name)
    }
  }

  @inline(__always)
  func allocate<C>(_ type: C.Type, count: Int = 1) throws(CodecFailure) -> UnsafeMutablePointer<C> {
    // Counts of Swift arrays in memory, so the product cannot overflow.
    guard let raw = allocate(byteCount: MemoryLayout<C>.stride &* count) else { throw .exhausted }
    return raw.assumingMemoryBound(to: C.self)
  }

  @inline(__always)
  func copy(_ string: String) throws(CodecFailure) -> ProtobufCBinaryData {
    let count = string.utf8.count
    guard count > 0 else { return ProtobufCBinaryData() }
    reserve(count)
    let target = try allocate(UInt8.self, count: count)
    let isContiguous: Void? = string.utf8.withContiguousStorageIfAvailable { source in
      guard let start = source.baseAddress else { return }
      target.update(from: start, count: count)
    }
    if isContiguous == nil { copySlowly(string, to: target, count: count) }
    return ProtobufCBinaryData(len: count, data: target)
  }

  /// For a string that is not stored as UTF-8; Linux has none that we know of.
  @inline(never)
  private func copySlowly(_ string: String, to target: UnsafeMutablePointer<UInt8>, count: Int) {
    var index = 0
    for byte in string.utf8 where index < count {
      target[index] = byte
      index += 1
    }
  }

  @inline(__always)
  func copy(_ bytes: [UInt8]) throws(CodecFailure) -> ProtobufCBinaryData {
    guard !bytes.isEmpty else { return ProtobufCBinaryData() }
    reserve(bytes.count)
    return ProtobufCBinaryData(len: bytes.count, data: try scalars(bytes))
  }

  /// A copy of an array of numbers.
  @inline(__always)
  func scalars<C: BitwiseCopyable>(
    _ values: [C]
  ) throws(CodecFailure) -> UnsafeMutablePointer<C> {
    let target = try allocate(C.self, count: values.count)
    values.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      target.update(from: start, count: source.count)
    }
    return target
  }

  @inline(__always)
  func list<Value, C>(
    _ values: [Value], as type: C.Type,
    _ convert: (Value, Arena) throws(CodecFailure) -> C
  ) throws(CodecFailure) -> UnsafeMutablePointer<C> {
    let target = try allocate(type, count: values.count)
    for index in values.indices { target[index] = try convert(values[index], self) }
    return target
  }

  /// The array of pointers that C wants for a repeated message, with the structs behind it.
  @inline(__always)
  func messages<Value, C>(
    _ values: [Value], as type: C.Type,
    _ fill: (Value, UnsafeMutablePointer<C>, Arena) throws(CodecFailure) -> Void
  ) throws(CodecFailure) -> UnsafeMutablePointer<UnsafeMutablePointer<C>?> {
    let pointers = try allocate(UnsafeMutablePointer<C>?.self, count: values.count)
    let parts = try allocate(type, count: values.count)
    for index in values.indices {
      pointers[index] = parts + index
      try fill(values[index], parts + index, self)
    }
    return pointers
  }
}
