/// JSON as it was written: numbers keep their digits, so that 64-bit integers stay exact, and
/// members keep their order.
enum JSONValue {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([(name: String, value: JSONValue)])

  /// What to call it in an error message.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// Text that is not JSON.
struct JSONSyntaxError: Error {
  let reason: String
  /// From the start of the text, in UTF-8 bytes.
  let offset: Int
}
