import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes one message's way to and from its C struct. The code is concrete on purpose: no
/// generics or existentials on the hot path.
struct CodecWriter {
  let message: Descriptor

  private var swift: String { SwiftName.type(of: message) }
  private var c: String { CName.type(message.fullName) }
  private var function: String { CName.function(message.fullName) }
  private var plainFields: [FieldDescriptor] {
    message.fields.filter { $0.containingOneof == nil }
  }

  func write(to out: inout Printer) {
    out.block("extension \(swift) {") { out in
      out.line("public static var fullName: String { \"\(message.fullName)\" }")
      out.line()
      writeEntryPoints(to: &out)
      out.line()
      writeDecode(to: &out)
      out.line()
      writeEncode(to: &out)
    }
    out.line()
  }

  private func writeEntryPoints(to out: inout Printer) {
    out.block("public func serialized() throws(CodecError) -> [UInt8] {") { out in
      out.block(
        "try Arena.encode(\(c).self, Self.fullName) { c, arena throws(CodecFailure) in",
        close: "} body: {"
      ) { $0.line("try fill(c, arena)") }
      out.line("  $0.bytes()")
      out.line("}")
    }
    out.line()
    out.block(
      "public func withEncoded(_ body: (borrowing EncodedMessage) -> Void) throws(CodecError) {"
    ) { out in
      out.block(
        "try Arena.encode(\(c).self, Self.fullName) { c, arena throws(CodecFailure) in",
        close: "} body: {"
      ) { $0.line("try fill(c, arena)") }
      out.line("  body($0)")
      out.line("}")
    }
    out.line()
    out.block(
      "public init(serialized bytes: UnsafeRawBufferPointer) throws(CodecError) {"
    ) { out in
      out.block(
        "self = try Arena.decode(bytes, Self.fullName) { allocator, count, start in",
        close: "} value: { c throws(CodecFailure) in"
      ) { $0.line("\(function)__unpack(allocator, count, start)") }
      out.line("  try Self.decoded(c)")
      out.line("}")
    }
    out.line()
    out.block("public init(serialized bytes: [UInt8]) throws(CodecError) {") { out in
      out.line("self = try bytes.withUnsafeBufferPointer { bytes throws(CodecError) in")
      out.line("  try Self(serialized: UnsafeRawBufferPointer(bytes))")
      out.line("}")
    }
  }

  /// Locals first and one memberwise call at the end: assigning to `self` in a throwing
  /// initializer would copy the whole value once more.
  private func writeDecode(to out: inout Printer) {
    let members = ValueWriter.orderedMembers(of: message)
    out.block(
      "static func decoded(_ c: UnsafePointer<\(c)>) throws(CodecFailure) -> Self {"
    ) { out in
      var arguments: [String] = []
      for member in members {
        switch member {
        case .field(let shape):
          writeDecode(shape, to: &out)
          arguments.append("\(shape.name): \(local(shape.name))")
        case .oneof(let oneof):
          writeDecode(oneof, to: &out)
          let name = SwiftName.property(oneof.name)
          arguments.append("\(name): \(local(name))")
        }
      }
      if arguments.isEmpty {
        out.line("Self()")
      } else {
        out.block("return Self(", close: ")") { out in
          for (index, argument) in arguments.enumerated() {
            out.line(argument + (index == arguments.count - 1 ? "" : ","))
          }
        }
      }
    }
  }

  /// A local name that no field, keyword or parameter has.
  private func local(_ name: String) -> String { "_" + name }

  private func writeDecode(_ shape: FieldShape, to out: inout Printer) {
    let name = local(shape.name)
    let value = "c.pointee.\(shape.member)"
    guard shape.field.isRepeated else {
      if shape.field.type == .message {
        out.line("let \(name): \(shape.element)?")
        out.line("if let value = \(value) {")
        out.line("  \(name) = try \(shape.element).decoded(value)")
        out.line("} else {")
        out.line("  \(name) = nil")
        out.line("}")
      } else {
        out.line("let \(name) = \(shape.decoded(value))")
      }
      return
    }
    let arguments = "\(value), count: c.pointee.\(shape.countMember)"
    switch shape.field.type {
    case .message:
      out.line("let \(name) = try decodeList(\(arguments)) { value throws(CodecFailure) in")
      out.line("  guard let value else { throw .malformed }")
      out.line("  return try \(shape.element).decoded(value)")
      out.line("}")
    case .string, .bytes, .bool, .enum:
      out.line("let \(name) = try decodeList(\(arguments)) { value throws(CodecFailure) in")
      out.line("  \(shape.decoded("value"))")
      out.line("}")
    default:
      out.line("let \(name) = [\(shape.element)](c: \(arguments))")
    }
  }

  private func writeDecode(_ oneof: OneofDescriptor, to out: inout Printer) {
    let name = local(SwiftName.property(oneof.name))
    out.line("let \(name): \(SwiftName.type(oneof.name))?")
    out.line("switch c.pointee.\(CName.oneofCase(oneof)).rawValue {")
    for field in oneof.fields {
      let shape = FieldShape(field: field)
      let value = "c.pointee.\(shape.member)"
      out.line("case \(field.number):")
      if field.type == .message {
        out.line("  guard let value = \(value) else { throw .malformed }")
        out.line("  \(name) = .\(shape.access)(try \(shape.element).decoded(value))")
      } else {
        out.line("  \(name) = .\(shape.access)(\(shape.decoded(value)))")
      }
    }
    out.line("default:")
    out.line("  \(name) = nil")
    out.line("}")
  }

  private func writeEncode(to out: inout Printer) {
    out.block("func fill(_ c: UnsafeMutablePointer<\(c)>, _ arena: Arena) throws(CodecFailure) {") {
      out in
      out.line("\(function)__init(c)")
      let fixed = message.fields.reduce(0) { $0 + FieldShape(field: $1).byteCountMaxFixed }
      if fixed > 0 { out.line("arena.reserve(\(fixed))") }
      for field in plainFields { writeEncode(FieldShape(field: field), to: &out) }
      for oneof in message.oneofs { writeEncode(oneof, to: &out) }
    }
  }

  private func writeEncode(_ shape: FieldShape, to out: inout Printer) {
    // `self.` because `c` and `arena` are parameters here.
    let value = "self.\(shape.access)"
    let member = "c.pointee.\(shape.member)"
    guard shape.field.isRepeated else {
      if shape.field.type == .message {
        out.line("if let value = \(value) {")
        writeEncodeMessage(shape, indent: "  ", to: &out)
        out.line("}")
      } else {
        out.line("\(member) = \(shape.encoded(value))")
      }
      return
    }
    out.line("if !\(value).isEmpty {")
    let each = shape.byteCountMaxPerElement
    out.line("  arena.reserve(\(each) &* \(value).count)")
    out.line("  c.pointee.\(shape.countMember) = \(value).count")
    switch shape.field.type {
    case .message:
      out.line(
        "  \(member) = try arena.messages(\(value), as: \(shape.cElement).self) {"
          + " value, c, arena throws(CodecFailure) in")
      out.line("    try value.fill(c, arena)")
      out.line("  }")
    case .string, .bytes, .bool, .enum:
      out.line(
        "  \(member) = try arena.list(\(value), as: \(shape.cElement).self) {"
          + " value, arena throws(CodecFailure) in")
      out.line("    \(shape.encoded("value"))")
      out.line("  }")
    default:
      out.line("  \(member) = try arena.scalars(\(value))")
    }
    out.line("}")
  }

  private func writeEncodeMessage(_ shape: FieldShape, indent: String, to out: inout Printer) {
    out.line("\(indent)let part = try arena.allocate(\(shape.cElement).self)")
    out.line("\(indent)try value.fill(part, arena)")
    out.line("\(indent)c.pointee.\(shape.member) = part")
  }

  private func writeEncode(_ oneof: OneofDescriptor, to out: inout Printer) {
    out.line("switch self.\(SwiftName.member(SwiftName.property(oneof.name))) {")
    for field in oneof.fields {
      let shape = FieldShape(field: field)
      out.line("case .\(shape.access)(let value):")
      out.line("  c.pointee.\(CName.oneofCase(oneof)) = .init(rawValue: \(field.number))")
      if field.type == .message {
        writeEncodeMessage(shape, indent: "  ", to: &out)
      } else {
        out.line("  c.pointee.\(shape.member) = \(shape.encoded("value"))")
      }
    }
    out.line("case nil:")
    out.line("  break")
    out.line("}")
  }
}
