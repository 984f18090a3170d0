import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// How one field looks in Swift and in C.
struct FieldShape {
  let field: FieldDescriptor

  var name: String { SwiftName.property(field.name) }
  /// The Swift name as it stands behind a dot.
  var access: String { SwiftName.member(name) }
  /// The member of the C struct, as it stands behind a dot.
  var member: String { SwiftName.member(CName.member(field)) }
  var countMember: String { "n_" + CName.member(field) }

  /// One element: of the field itself, of the list, or of the oneof's case.
  var element: String {
    switch field.type {
    case .double: "Double"
    case .float: "Float"
    case .int32, .sint32, .sfixed32: "Int32"
    case .int64, .sint64, .sfixed64: "Int64"
    case .uint32, .fixed32: "UInt32"
    case .uint64, .fixed64: "UInt64"
    case .bool: "Bool"
    case .string: "String"
    case .bytes: "[UInt8]"
    case .enum: SwiftName.type(of: field.enumType)
    case .message: SwiftName.type(of: field.messageType)
    case .group: "Never"
    }
  }

  var type: String {
    if field.isRepeated { return "[\(element)]" }
    return field.type == .message ? element + "?" : element
  }

  var defaultValue: String {
    if field.isRepeated { return "[]" }
    switch field.type {
    case .message, .group: return "nil"
    case .bytes: return "[]"
    case .string: return "\"\""
    case .bool: return "false"
    case .enum:
      let zero = SwiftName.enumCase(field.enumType.values[0].name, of: field.enumType.name)
      return "." + SwiftName.quoted(zero)
    default: return "0"
    }
  }

  /// The C type of one element.
  var cElement: String {
    switch field.type {
    case .enum: CName.type(field.enumType.fullName)
    case .message: CName.type(field.messageType.fullName)
    case .bool: "protobuf_c_boolean"
    case .string, .bytes: "ProtobufCBinaryData"
    default: element
    }
  }

  /// C expression of one element → Swift, for everything but messages.
  func decoded(_ c: String) -> String {
    switch field.type {
    case .string: "try String(c: \(c), field: \"\(field.fullName)\")"
    case .bytes: "[UInt8](c: \(c))"
    case .bool: "\(c) != 0"
    case .enum: "\(element)(rawValue: Int32(bitPattern: \(c).rawValue))"
    default: c
    }
  }

  /// Swift expression of one element → C, for everything but messages.
  func encoded(_ swift: String) -> String {
    switch field.type {
    case .string, .bytes: "try arena.copy(\(swift))"
    case .bool: "\(swift) ? 1 : 0"
    case .enum: "\(cElement)(rawValue: UInt32(bitPattern: \(swift).rawValue))"
    default: swift
    }
  }

  /// Bytes on the wire that the field takes at most, without the contents of strings, bytes and
  /// messages, which are counted as they are copied.
  var byteCountMaxFixed: Int {
    // A packed list has one tag and length for all; each element of another has its own.
    guard field.isRepeated else { return tagByteCount + valueByteCountMax }
    return field.isPacked ? tagByteCount + Self.lengthByteCountMax : 0
  }

  /// The same for one element of a list.
  var byteCountMaxPerElement: Int {
    field.isPacked ? valueByteCountMax : tagByteCount + valueByteCountMax
  }

  private static let lengthByteCountMax = 5

  private var tagByteCount: Int {
    // Three bits of a varint's seven per byte go to the wire type of the first.
    var rest = Int(field.number) >> 4
    var count = 1
    while rest > 0 {
      count += 1
      rest >>= 7
    }
    return count
  }

  private var valueByteCountMax: Int {
    switch field.type {
    case .bool: 1
    case .fixed32, .sfixed32, .float: 4
    case .fixed64, .sfixed64, .double: 8
    case .uint32, .sint32: 5
    case .string, .bytes, .message: Self.lengthByteCountMax
    // Negative int32 and enum values take ten, like all 64-bit varints.
    case .int32, .int64, .uint64, .sint64, .enum, .group: 10
    }
  }
}
