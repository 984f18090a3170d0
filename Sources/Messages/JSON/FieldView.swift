import CMessages

/// One field of a C message, seen through its descriptor.
struct FieldView {
  let descriptor: UnsafePointer<ProtobufCFieldDescriptor>
  /// C descriptors show strings as bytes, see the generator's `string_as_bytes`.
  let isString: Bool

  /// The fields of a message in the order of their numbers.
  static func all(of message: UnsafePointer<ProtobufCMessageDescriptor>) -> [FieldView] {
    let strings = MessageRegistry.stringFields[String(cString: message.pointee.name)] ?? []
    return (0..<Int(message.pointee.n_fields)).map { index in
      let descriptor = message.pointee.fields + index
      return FieldView(descriptor: descriptor, isString: strings.contains(descriptor.pointee.id))
    }
  }

  /// As in the .proto.
  var name: String { String(cString: descriptor.pointee.name) }

  /// protoc's derivation: letters behind an underscore are raised, underscores go.
  var jsonName: String {
    var result = ""
    var raisesNext = false
    for character in name {
      if character == "_" {
        raisesNext = true
      } else {
        result += raisesNext ? character.uppercased() : String(character)
        raisesNext = false
      }
    }
    return result
  }

  var number: UInt32 { descriptor.pointee.id }
  var type: ProtobufCType { descriptor.pointee.type }
  var offset: Int { Int(descriptor.pointee.offset) }
  var quantifierOffset: Int { Int(descriptor.pointee.quantifier_offset) }
  var isRepeated: Bool { descriptor.pointee.label == PROTOBUF_C_LABEL_REPEATED }
  var isOneof: Bool { descriptor.pointee.flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 }

  var enumeration: UnsafePointer<ProtobufCEnumDescriptor>? {
    guard type == PROTOBUF_C_TYPE_ENUM else { return nil }
    return descriptor.pointee.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
  }

  var message: UnsafePointer<ProtobufCMessageDescriptor>? {
    guard type == PROTOBUF_C_TYPE_MESSAGE else { return nil }
    return descriptor.pointee.descriptor?.assumingMemoryBound(
      to: ProtobufCMessageDescriptor.self)
  }

  /// Bytes of one element in C.
  var elementByteCount: Int {
    switch type {
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64,
      PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
      8
    case PROTOBUF_C_TYPE_BYTES: MemoryLayout<ProtobufCBinaryData>.stride
    case PROTOBUF_C_TYPE_MESSAGE: MemoryLayout<UnsafeRawPointer?>.stride
    case PROTOBUF_C_TYPE_BOOL: MemoryLayout<protobuf_c_boolean>.stride
    default: 4
    }
  }
}
