import CMessages

/// Walks a C message by its descriptor and writes protobuf's JSON mapping.
struct JSONWriter {
  var out: JSONText
  private let includingDefaults: Bool

  init(includingDefaults: Bool, indented: Bool) {
    self.includingDefaults = includingDefaults
    out = JSONText(isIndented: indented)
  }

  mutating func message(
    _ message: UnsafeRawPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(CodecFailure) {
    out.open("{")
    for field in FieldView.all(of: descriptor) {
      if field.isRepeated {
        try list(field, of: message)
      } else if isShown(field, of: message) {
        out.name(field.jsonName)
        try element(field, at: message + field.offset)
      }
    }
    out.close("}")
  }

  private mutating func list(
    _ field: FieldView, of message: UnsafeRawPointer
  ) throws(CodecFailure) {
    let count = message.load(fromByteOffset: field.quantifierOffset, as: Int.self)
    guard count > 0 || includingDefaults else { return }
    out.name(field.jsonName)
    out.open("[")
    if let start = message.load(fromByteOffset: field.offset, as: UnsafeRawPointer?.self) {
      for index in 0..<count {
        out.next()
        try element(field, at: start + index * field.elementByteCount)
      }
    }
    out.close("]")
  }

  private func isShown(_ field: FieldView, of message: UnsafeRawPointer) -> Bool {
    if field.isOneof {
      return message.load(fromByteOffset: field.quantifierOffset, as: UInt32.self) == field.number
    }
    let value = message + field.offset
    switch field.type {
    case PROTOBUF_C_TYPE_MESSAGE: return value.load(as: UnsafeRawPointer?.self) != nil
    case PROTOBUF_C_TYPE_BYTES:
      return includingDefaults || value.load(as: ProtobufCBinaryData.self).len > 0
    case PROTOBUF_C_TYPE_DOUBLE: return includingDefaults || value.load(as: Double.self) != 0
    case PROTOBUF_C_TYPE_FLOAT: return includingDefaults || value.load(as: Float.self) != 0
    default:
      return includingDefaults
        || (field.elementByteCount == 8
          ? value.load(as: UInt64.self) != 0 : value.load(as: UInt32.self) != 0)
    }
  }

  private mutating func element(
    _ field: FieldView, at value: UnsafeRawPointer
  ) throws(CodecFailure) {
    switch field.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      out.raw(String(value.load(as: Int32.self)))
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      out.raw(String(value.load(as: UInt32.self)))
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      out.string(String(value.load(as: Int64.self)))
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      out.string(String(value.load(as: UInt64.self)))
    case PROTOBUF_C_TYPE_FLOAT: number(value.load(as: Float.self))
    case PROTOBUF_C_TYPE_DOUBLE: number(value.load(as: Double.self))
    case PROTOBUF_C_TYPE_BOOL:
      out.raw(value.load(as: protobuf_c_boolean.self) != 0 ? "true" : "false")
    case PROTOBUF_C_TYPE_ENUM: enumeration(field, value.load(as: Int32.self))
    case PROTOBUF_C_TYPE_BYTES:
      let data = value.load(as: ProtobufCBinaryData.self)
      if field.isString {
        out.string(try String(c: data, field: "a string field"))
      } else {
        out.string(Base64.encode(UnsafeBufferPointer(start: data.data, count: data.len)))
      }
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let part = value.load(as: UnsafeRawPointer?.self), let descriptor = field.message
      else { throw .malformed }
      try message(part, descriptor)
    default: throw .malformed
    }
  }

  private mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    if value.isNaN {
      out.string("NaN")
    } else if value.isInfinite {
      out.string(value < 0 ? "-Infinity" : "Infinity")
    } else {
      out.raw(value.description)
    }
  }

  private mutating func enumeration(_ field: FieldView, _ value: Int32) {
    if let descriptor = field.enumeration,
      let known = protobuf_c_enum_descriptor_get_value(descriptor, value),
      let name = known.pointee.name
    {
      out.string(String(cString: name))
    } else {
      out.raw(String(value))
    }
  }
}
