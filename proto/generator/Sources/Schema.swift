import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Every file to generate for, checked against what the codec can carry.
struct Schema {
  /// In protoc's order by name.
  let files: [FileDescriptor]
  /// All files with their imports, imports first, without source comments.
  let descriptorSet: Google_Protobuf_FileDescriptorSet

  init(files: [FileDescriptor], protos: [Google_Protobuf_FileDescriptorProto]) throws {
    self.files = files
    var set = Google_Protobuf_FileDescriptorSet()
    set.file = protos.map { proto in
      var bare = proto
      bare.clearSourceCodeInfo()
      return bare
    }
    self.descriptorSet = set
    try checkFiles()
    try checkNames()
    for message in allMessages {
      try checkFields(of: message)
      try checkRecursion(of: message, path: [])
    }
    for enumeration in allEnums { try checkValues(of: enumeration) }
    for service in files.flatMap(\.services) { try checkMethods(of: service) }
  }

  /// Every message, nested ones after the one that holds them.
  var allMessages: [Descriptor] { files.flatMap { Self.messages(in: $0) } }

  var allEnums: [EnumDescriptor] {
    files.flatMap { $0.enums } + allMessages.flatMap { $0.enums }
  }

  static func messages(in file: FileDescriptor) -> [Descriptor] {
    file.messages.flatMap { flattened($0) }
  }

  private static func flattened(_ message: Descriptor) -> [Descriptor] {
    [message] + message.messages.flatMap { flattened($0) }
  }

  /// `baedal/order/v1/order.proto` → `Order`; `baedal/order/v1/events.proto` → `OrderEvents`.
  static func swiftFile(of file: FileDescriptor) -> String {
    let parts = file.name.split(separator: "/").map(String.init)
    let base = SwiftName.type(String(parts[parts.count - 1].dropLast(".proto".count)))
    guard parts.count >= 3 else { return base }
    let area = SwiftName.type(parts[parts.count - 3])
    return area == base ? base : area + base
  }
}

extension Schema {
  private func checkFiles() throws {
    var seen: [String: String] = [:]
    for file in files {
      guard file.edition == .proto3 else { throw Refusal("\(file.name): only proto3 is supported") }
      for dependency in file.dependencies where !files.contains(where: { $0 === dependency }) {
        throw Refusal(
          "\(file.name): imports \(dependency.name), which is not among the files to generate")
      }
      guard file.extensions.isEmpty else { throw Refusal("\(file.name): extensions") }
      let name = Self.swiftFile(of: file)
      if let other = seen.updateValue(file.name, forKey: name) {
        throw Refusal("\(file.name) and \(other) would both become \(name).pb.swift")
      }
    }
  }

  /// Swift's module is flat, so a top-level name may stand in one file only.
  private func checkNames() throws {
    var seen: [String: String] = [:]
    func take(_ name: String, _ fullName: String) throws {
      guard !SwiftName.reservedTypes.contains(name) else {
        throw Refusal("\(fullName): Swift has a type of this name; choose another")
      }
      if let other = seen.updateValue(fullName, forKey: name) {
        throw Refusal("\(fullName) and \(other) would both be \(name) in Swift")
      }
    }
    for file in files {
      for message in file.messages { try take(message.name, message.fullName) }
      for enumeration in file.enums { try take(enumeration.name, enumeration.fullName) }
      for service in file.services { try take(service.name + "Methods", service.fullName) }
    }
    for message in allMessages { try checkNames(in: message) }
  }

  private func checkNames(in message: Descriptor) throws {
    var types: Set<String> = SwiftName.reservedTypes
    let nested =
      message.messages.map(\.name) + message.enums.map(\.name)
      + message.oneofs.map { SwiftName.type($0.name) }
    for name in nested {
      guard types.insert(name).inserted else {
        throw Refusal("\(message.fullName): \(name) is taken twice, or by Swift itself")
      }
    }
    var properties: Set<String> = ["serialized", "withEncoded", "fill", "hash", "hashValue"]
    let plain = message.fields.filter { $0.containingOneof == nil }.map(\.name)
    for name in plain + message.oneofs.map(\.name) {
      guard properties.insert(SwiftName.property(name)).inserted else {
        throw Refusal("\(message.fullName).\(name): \(SwiftName.property(name)) is taken in Swift")
      }
    }
  }

  private func checkFields(of message: Descriptor) throws {
    guard !message.options.mapEntry else {
      throw Refusal(
        "\(message.containingType?.fullName ?? message.fullName): map fields; "
          + "use a repeated message of key and value")
    }
    for field in message.fields {
      let name = "\(message.fullName).\(field.name)"
      if field.containingOneof != nil, field.realContainingOneof == nil {
        throw Refusal("\(name): proto3 optional; use a oneof with this one member")
      }
      if field.type == .group { throw Refusal("\(name): groups") }
      if let name = field.jsonName, name != Self.jsonName(field.name) {
        throw Refusal("\(field.fullName): json_name")
      }
      if field.options.hasPacked { throw Refusal("\(name): the option packed") }
    }
  }

  /// protoc's derivation of the JSON name of a field.
  static func jsonName(_ name: String) -> String {
    var result = ""
    var upperNext = false
    for character in name {
      if character == "_" {
        upperNext = true
      } else {
        result += upperNext ? character.uppercased() : String(character)
        upperNext = false
      }
    }
    return result
  }

  /// libprotobuf-c 1.4 unpacks without a depth limit, so depth must be bounded by the schema.
  private func checkRecursion(of message: Descriptor, path: [String]) throws {
    guard !path.contains(message.fullName) else {
      throw Refusal(
        "\(message.fullName): recursive by way of "
          + (path + [message.fullName]).joined(separator: " → "))
    }
    for field in message.fields where field.type == .message {
      try checkRecursion(of: field.messageType, path: path + [message.fullName])
    }
  }

  private func checkValues(of enumeration: EnumDescriptor) throws {
    var names: Set<String> = ["unrecognized", "rawValue", "allCases", "protoName"]
    for value in enumeration.values {
      guard value.number >= 0 else { throw Refusal("\(value.fullName): negative enum value") }
      guard names.insert(SwiftName.enumCase(value.name, of: enumeration.name)).inserted else {
        throw Refusal("\(value.fullName): this name is taken in Swift")
      }
    }
    guard !enumeration.options.allowAlias else {
      throw Refusal("\(enumeration.fullName): allow_alias")
    }
  }

  private func checkMethods(of service: ServiceDescriptor) throws {
    for method in service.methods where method.clientStreaming {
      throw Refusal("\(method.fullName): client streaming is not in the wire protocol")
    }
  }
}
