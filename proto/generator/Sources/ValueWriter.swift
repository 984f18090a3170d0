import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes the Swift values: structs for messages, open enums, enums for oneofs.
struct ValueWriter {
  func write(_ message: Descriptor, to out: inout Printer) {
    out.comment(comments(of: message) ?? "`\(message.fullName)`.")
    out.block("public struct \(message.name): Message {") { out in
      let properties = Self.properties(of: message)
      for property in properties {
        if let text = property.comment { out.comment(text) }
        out.line("public var \(property.name): \(property.type)")
      }
      if !properties.isEmpty { out.line() }
      writeInitializers(properties, to: &out)
      for oneof in message.oneofs {
        out.line()
        write(oneof, to: &out)
      }
      for enumeration in message.enums {
        out.line()
        write(enumeration, to: &out, endsWithBlank: false)
      }
      for nested in message.messages {
        out.line()
        write(nested, to: &out)
      }
    }
    if message.containingType == nil { out.line() }
  }

  struct Property {
    /// As it is declared: between backticks when it is a keyword.
    var name: String
    /// As it stands before an argument.
    var label: String
    /// As it stands behind a dot.
    var access: String
    var type: String
    var defaultValue: String
    var comment: String?
  }

  enum Member {
    case field(FieldShape)
    case oneof(OneofDescriptor)
  }

  /// Fields and oneofs, in the order of the .proto; a oneof stands where its first member does.
  static func orderedMembers(of message: Descriptor) -> [Member] {
    var seen: Set<String> = []
    return message.fields.compactMap { field in
      guard let oneof = field.containingOneof else { return .field(FieldShape(field: field)) }
      return seen.insert(oneof.name).inserted ? .oneof(oneof) : nil
    }
  }

  private static func properties(of message: Descriptor) -> [Property] {
    orderedMembers(of: message).map { member in
      switch member {
      case .field(let shape):
        Property(
          name: SwiftName.quoted(shape.name), label: shape.name, access: shape.access,
          type: shape.type,
          defaultValue: shape.defaultValue, comment: comments(of: shape.field))
      case .oneof(let oneof):
        Property(
          name: SwiftName.quoted(SwiftName.property(oneof.name)),
          label: SwiftName.property(oneof.name),
          access: SwiftName.member(SwiftName.property(oneof.name)),
          type: SwiftName.type(oneof.name) + "?", defaultValue: "nil",
          comment: comments(of: oneof))
      }
    }
  }

  private func writeInitializers(_ properties: [Property], to out: inout Printer) {
    guard let first = properties.first else {
      out.line("public init() {}")
      return
    }
    out.line("public init() { self.init(\(first.label): \(first.defaultValue)) }")
    out.line()
    out.block("public init(", close: ") {") { out in
      for (index, property) in properties.enumerated() {
        let comma = index == properties.count - 1 ? "" : ","
        out.line("\(property.name): \(property.type) = \(property.defaultValue)\(comma)")
      }
    }
    for property in properties { out.line("  self.\(property.access) = \(property.name)") }
    out.line("}")
  }

  private func write(_ oneof: OneofDescriptor, to out: inout Printer) {
    out.comment(comments(of: oneof) ?? "`\(oneof.fullName)`.")
    out.block("public enum \(SwiftName.type(oneof.name)): Hashable, Sendable {") { out in
      for field in oneof.fields {
        let shape = FieldShape(field: field)
        if let text = comments(of: field) { out.comment(text) }
        out.line("case \(SwiftName.quoted(shape.name))(\(shape.element))")
      }
    }
  }

  func write(
    _ enumeration: EnumDescriptor, to out: inout Printer, endsWithBlank: Bool = true
  ) {
    let cases = enumeration.values.map {
      (name: SwiftName.quoted(SwiftName.enumCase($0.name, of: enumeration.name)), value: $0)
    }
    out.comment(comments(of: enumeration) ?? "`\(enumeration.fullName)`.")
    out.block("public enum \(enumeration.name): MessageEnum {") { out in
      for (name, value) in cases {
        if let text = comments(of: value) { out.comment(text) }
        out.line("case \(name)")
      }
      out.comment("A value that this version does not know; it is kept as it came.")
      out.line("case unrecognized(Int32)")
      out.line()
      out.block("public init(rawValue: Int32) {") { out in
        out.line("switch rawValue {")
        for (name, value) in cases { out.line("case \(value.number): self = .\(name)") }
        out.line("default: self = .unrecognized(rawValue)")
        out.line("}")
      }
      out.line()
      out.block("public var rawValue: Int32 {") { out in
        out.line("switch self {")
        for (name, value) in cases { out.line("case .\(name): \(value.number)") }
        out.line("case .unrecognized(let value): value")
        out.line("}")
      }
      out.line()
      out.comment("The name in the .proto, or the number of an unknown value.")
      out.block("public var protoName: String {") { out in
        out.line("switch self {")
        for (name, value) in cases { out.line("case .\(name): \"\(value.name)\"") }
        out.line("case .unrecognized(let value): String(value)")
        out.line("}")
      }
      out.line()
      out.comment("The values this version knows.")
      out.block("public static let allCases: [Self] = [", close: "]") { out in
        for (name, _) in cases { out.line(".\(name),") }
      }
    }
    if endsWithBlank { out.line() }
  }
}
