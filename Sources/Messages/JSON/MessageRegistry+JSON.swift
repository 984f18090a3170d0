import CMessages

extension MessageRegistry {
  /// A message's JSON as its bytes, by protobuf's JSON mapping. Field names in lowerCamelCase and
  /// as in the .proto are both taken; an unknown name is an error that tells it.
  public static func jsonToBytes(
    _ fullName: String, _ json: String
  ) throws(CodecError) -> [UInt8] {
    let descriptor = try descriptor(named: fullName)
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONParser.parse(json)
    } catch {
      throw .json(
        message: fullName, path: "", reason: "\(error.reason) (at byte \(error.offset))")
    }
    let arena: Arena
    do throws(CodecFailure) {
      arena = try Arena.current()
    } catch {
      throw error.named(fullName)
    }
    let mark = arena.mark()
    defer { arena.release(mark) }
    let reader = JSONReader(arena: arena, root: fullName)
    let message = try reader.message(value, descriptor, path: "")
    let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    let byteCount = protobuf_c_message_get_packed_size(base)
    return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      // An empty message has no buffer to write to, and nothing to write.
      if let start = buffer.baseAddress { count = protobuf_c_message_pack(base, start) }
    }
  }

  /// A message's bytes as JSON, by protobuf's JSON mapping: lowerCamelCase names, 64-bit integers
  /// as strings, bytes as base64, enums by name. Fields at their defaults are left out unless
  /// asked for.
  public static func bytesToJSON(
    _ fullName: String, _ bytes: [UInt8], includingDefaults: Bool = false, indented: Bool = false
  ) throws(CodecError) -> String {
    let descriptor = try descriptor(named: fullName)
    do throws(CodecFailure) {
      let arena = try Arena.current()
      let mark = arena.mark()
      defer { arena.release(mark) }
      let message = bytes.withUnsafeBufferPointer { bytes in
        protobuf_c_message_unpack(descriptor, arena.allocator, bytes.count, bytes.baseAddress)
      }
      guard let message else {
        throw arena.state.pointee.isExhausted ? .exhausted : .malformed
      }
      var writer = JSONWriter(includingDefaults: includingDefaults, indented: indented)
      try writer.message(UnsafeRawPointer(message), descriptor)
      return writer.out.text
    } catch {
      throw error.named(fullName)
    }
  }

  // C's descriptors are constants of the program: never written, never freed.
  nonisolated(unsafe)
    private static let descriptors: [String: UnsafePointer<ProtobufCMessageDescriptor>] = {
      var found: [String: UnsafePointer<ProtobufCMessageDescriptor>] = [:]
      let table = UnsafeBufferPointer(start: baedal_messages(), count: baedal_message_count())
      for descriptor in table {
        guard let descriptor, let name = descriptor.pointee.name else { continue }
        found[String(cString: name)] = descriptor
      }
      return found
    }()

  private static func descriptor(
    named fullName: String
  ) throws(CodecError) -> UnsafePointer<ProtobufCMessageDescriptor> {
    guard let descriptor = descriptors[fullName] else { throw .unknownMessage(fullName) }
    return descriptor
  }
}

extension Message {
  /// The message in protobuf's JSON mapping; see `MessageRegistry.bytesToJSON`.
  public func json(
    includingDefaults: Bool = false, indented: Bool = false
  ) throws(CodecError) -> String {
    try MessageRegistry.bytesToJSON(
      Self.fullName, serialized(), includingDefaults: includingDefaults, indented: indented)
  }

  /// Reads protobuf's JSON mapping; see `MessageRegistry.jsonToBytes`.
  public init(json: String) throws(CodecError) {
    try self.init(serialized: MessageRegistry.jsonToBytes(Self.fullName, json))
  }
}
