import SwiftProtobufPluginLibrary

/// Names of C declarations, as `protoc-gen-c` 1.4 derives them.
enum CName {
  /// `baedal.order.v1.PlaceOrderRequest` → `Baedal__Order__V1__PlaceOrderRequest`.
  static func type(_ fullName: String) -> String {
    fullName.split(separator: ".").map { camel(String($0)) }.joined(separator: "__")
  }

  /// `baedal.order.v1.PlaceOrderRequest` → `baedal__order__v1__place_order_request`.
  static func function(_ fullName: String) -> String {
    fullName.split(separator: ".").map { lower(String($0)) }.joined(separator: "__")
  }

  /// The member of the C struct that holds a field.
  static func member(_ field: FieldDescriptor) -> String {
    let name = field.name.lowercased()
    return keywords.contains(name) ? name + "_" : name
  }

  /// The member that says which field of a oneof is set.
  static func oneofCase(_ oneof: OneofDescriptor) -> String { lower(oneof.name) + "_case" }

  static func lower(_ name: String) -> String {
    var result = ""
    var wasUpper = true
    for character in name {
      if character.isUppercase {
        if !wasUpper { result += "_" }
        result += character.lowercased()
      } else {
        result.append(character)
      }
      wasUpper = character.isUppercase
    }
    return result
  }

  private static func camel(_ name: String) -> String {
    var result = ""
    var upperNext = true
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

  private static let keywords: Set<String> = [
    "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "class", "compl", "const", "const_cast", "continue", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "extern", "false", "float", "for", "friend",
    "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "not", "not_eq",
    "operator", "or", "or_eq", "private", "protected", "public", "register",
    "reinterpret_cast", "return", "short", "signed", "sizeof", "static", "static_cast",
    "struct", "switch", "template", "this", "throw", "true", "try", "typedef", "typeid",
    "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while",
    "xor", "xor_eq",
  ]
}

/// Names of Swift declarations.
enum SwiftName {
  /// `order_id` → `orderID`: acronyms keep one case, as the API guidelines have it.
  static func property(_ name: String) -> String {
    let words = name.split(separator: "_").map { $0.lowercased() }
    guard let first = words.first else { return name }
    let rest = words.dropFirst().map { word in
      acronyms.contains(word) ? word.uppercased() : word.prefix(1).uppercased() + word.dropFirst()
    }
    return first + rest.joined()
  }

  /// `price_changed` → `PriceChanged`.
  static func type(_ name: String) -> String {
    name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// `ORDER_STATE_PLACED` in `OrderState` → `placed`.
  static func enumCase(_ value: String, of enumName: String) -> String {
    let prefix = CName.lower(enumName).uppercased() + "_"
    let bare = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.count)) : value
    return property(bare)
  }

  /// `PlaceOrder` → `placeOrder`.
  static func method(_ name: String) -> String { property(CName.lower(name)) }

  static func type(of message: Descriptor) -> String {
    nested(message.name, in: message.containingType)
  }

  static func type(of enumeration: EnumDescriptor) -> String {
    nested(enumeration.name, in: enumeration.containingType)
  }

  private static func nested(_ name: String, in outer: Descriptor?) -> String {
    guard let outer else { return name }
    return type(of: outer) + "." + name
  }

  /// The name as it is declared: between backticks when it is a keyword.
  static func quoted(_ name: String) -> String {
    keywords.contains(name) ? "`\(name)`" : name
  }

  /// The name behind a dot, where few keywords need backticks.
  static func member(_ name: String) -> String {
    ["init", "self", "Type", "Protocol"].contains(name) ? "`\(name)`" : name
  }

  private static let acronyms: Set<String> = ["id", "url", "uri", "http", "https", "uuid", "json"]

  /// Names a generated type must not have, for they mean something else already.
  static let reservedTypes: Set<String> = [
    "Any", "AnyObject", "Array", "Bool", "CaseIterable", "CodecError", "Codable", "Dictionary",
    "Double", "EncodedMessage", "Error", "Float", "Hashable", "Int", "Int32", "Int64", "Message",
    "MessageEnum", "MessageRegistry", "MethodInfo", "Never", "Optional", "Protocol",
    "RawRepresentable", "Result", "Self", "Sendable", "ServerStreamMethod", "Set", "String",
    "Task", "Type", "UInt", "UInt32", "UInt64", "UInt8", "UnaryMethod", "Void",
  ]

  private static let keywords: Set<String> = [
    "Any", "Self", "Type", "as", "associatedtype", "break", "case", "catch", "class", "continue",
    "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
    "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal",
    "is", "let", "nil", "operator", "package", "private", "protocol", "public", "repeat",
    "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
    "throws", "true", "try", "typealias", "var", "where", "while",
  ]
}
