import CMessages

/// Builds a C message from JSON by its descriptor, in the arena.
struct JSONReader {
  let arena: Arena
  /// The full name that errors tell.
  let root: String

  func failure(_ path: String, _ reason: String) -> CodecError {
    .json(message: root, path: path, reason: reason)
  }

  func message(
    _ json: JSONValue, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, path: String
  ) throws(CodecError) -> UnsafeMutableRawPointer {
    guard case .object(let members) = json else {
      throw failure(path, "an object expected, not \(json.kind)")
    }
    guard let initialize = descriptor.pointee.message_init,
      let message = arena.allocate(byteCount: descriptor.pointee.sizeof_message)
    else { throw CodecFailure.exhausted.named(root) }
    initialize(message.assumingMemoryBound(to: ProtobufCMessage.self))

    var fields: [String: FieldView] = [:]
    for field in FieldView.all(of: descriptor) {
      fields[field.name] = field
      fields[field.jsonName] = field
    }
    var taken: Set<UInt32> = []
    for (name, value) in members {
      let place = path.isEmpty ? name : "\(path).\(name)"
      guard let field = fields[name] else {
        throw failure(place, "\(String(cString: descriptor.pointee.name)) has no such field")
      }
      guard taken.insert(field.number).inserted else { throw failure(place, "given twice") }
      if case .null = value { continue }
      try set(field, of: message, to: value, path: place)
    }
    return message
  }

  private func set(
    _ field: FieldView, of message: UnsafeMutableRawPointer, to json: JSONValue, path: String
  ) throws(CodecError) {
    if field.isRepeated {
      try list(field, of: message, json, path: path)
      return
    }
    if field.isOneof {
      let set = message.load(fromByteOffset: field.quantifierOffset, as: UInt32.self)
      guard set == 0 else { throw failure(path, "another field of this oneof is given too") }
      message.storeBytes(of: field.number, toByteOffset: field.quantifierOffset, as: UInt32.self)
    }
    try element(field, at: message + field.offset, json, path: path)
  }

  private func list(
    _ field: FieldView, of message: UnsafeMutableRawPointer, _ json: JSONValue, path: String
  ) throws(CodecError) {
    guard case .array(let values) = json else {
      throw failure(path, "an array expected, not \(json.kind)")
    }
    guard !values.isEmpty else { return }
    guard let start = arena.allocate(byteCount: values.count * field.elementByteCount) else {
      throw CodecFailure.exhausted.named(root)
    }
    for (index, value) in values.enumerated() {
      try element(
        field, at: start + index * field.elementByteCount, value, path: "\(path)[\(index)]")
    }
    message.storeBytes(of: values.count, toByteOffset: field.quantifierOffset, as: Int.self)
    message.storeBytes(of: start, toByteOffset: field.offset, as: UnsafeMutableRawPointer?.self)
  }

  private func element(
    _ field: FieldView, at target: UnsafeMutableRawPointer, _ json: JSONValue, path: String
  ) throws(CodecError) {
    switch field.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      target.storeBytes(of: try integer(json, path), as: Int32.self)
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      target.storeBytes(of: try integer(json, path), as: UInt32.self)
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      target.storeBytes(of: try integer(json, path), as: Int64.self)
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      target.storeBytes(of: try integer(json, path), as: UInt64.self)
    case PROTOBUF_C_TYPE_FLOAT:
      target.storeBytes(of: try number(json, path), as: Float.self)
    case PROTOBUF_C_TYPE_DOUBLE:
      target.storeBytes(of: try number(json, path), as: Double.self)
    case PROTOBUF_C_TYPE_BOOL:
      guard case .bool(let value) = json else {
        throw failure(path, "true or false expected, not \(json.kind)")
      }
      target.storeBytes(of: value ? 1 : 0, as: protobuf_c_boolean.self)
    case PROTOBUF_C_TYPE_ENUM:
      target.storeBytes(of: try enumeration(field, json, path), as: Int32.self)
    case PROTOBUF_C_TYPE_BYTES:
      target.storeBytes(of: try data(field, json, path), as: ProtobufCBinaryData.self)
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let descriptor = field.message else { throw failure(path, "unsupported") }
      let part = try message(json, descriptor, path: path)
      target.storeBytes(of: part, as: UnsafeMutableRawPointer?.self)
    default: throw failure(path, "unsupported")
    }
  }
}
