/// What a `google.protobuf.FileDescriptorSet` says, for people: numbers of the fields are those of
/// google/protobuf/descriptor.proto.
struct Schema {
  struct Field {
    let name: String
    let number: UInt64
    let type: String
    let oneof: String?
  }

  struct Message {
    let name: String
    let fields: [Field]
  }

  struct Enumeration {
    let name: String
    let values: [(name: String, number: UInt64)]
  }

  struct Method {
    let path: String
    let input: String
    let output: String
    let isStream: Bool
  }

  private(set) var messages: [Message] = []
  private(set) var enumerations: [Enumeration] = []
  private(set) var methods: [Method] = []

  init(_ descriptorSet: [UInt8]) throws(WireFields.Malformed) {
    for file in try WireFields(descriptorSet[...]).messages(1) {
      let package = file.text(2)
      for message in try file.messages(4) { try add(message, in: package) }
      for enumeration in try file.messages(5) { try add(enumeration: enumeration, in: package) }
      for service in try file.messages(6) {
        let name = "\(package).\(service.text(1))"
        for method in try service.messages(2) {
          methods.append(
            Method(
              path: "\(name)/\(method.text(1))", input: Self.short(method.text(2)),
              output: Self.short(method.text(3)), isStream: method.number(6) != 0))
        }
      }
    }
  }

  private mutating func add(
    _ message: WireFields, in scope: String
  ) throws(WireFields.Malformed) {
    let name = "\(scope).\(message.text(1))"
    let oneofs = try message.messages(8).map { $0.text(1) }
    let fields = try message.messages(2).map { field in
      let isInOneof = field.fields.contains { $0.number == 9 }
      let index = Int(clamping: field.number(9))
      return Field(
        name: field.text(1), number: field.number(3), type: Self.type(of: field),
        oneof: isInOneof && oneofs.indices.contains(index) ? oneofs[index] : nil)
    }
    messages.append(Message(name: name, fields: fields))
    for inner in try message.messages(3) { try add(inner, in: name) }
    for inner in try message.messages(4) { try add(enumeration: inner, in: name) }
  }

  private mutating func add(
    enumeration: WireFields, in scope: String
  ) throws(WireFields.Malformed) {
    let values = try enumeration.messages(2).map { (name: $0.text(1), number: $0.number(2)) }
    enumerations.append(Enumeration(name: "\(scope).\(enumeration.text(1))", values: values))
  }

  private static func type(of field: WireFields) -> String {
    let names = [
      1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32",
      8: "bool", 9: "string", 12: "bytes", 13: "uint32", 15: "sfixed32", 16: "sfixed64",
      17: "sint32", 18: "sint64",
    ]
    let name = names[Int(clamping: field.number(5))] ?? short(field.text(6))
    return field.number(4) == 3 ? "repeated \(name)" : name
  }

  /// A full name without the dot in front.
  private static func short(_ name: String) -> String {
    name.hasPrefix(".") ? String(name.dropFirst()) : name
  }
}
