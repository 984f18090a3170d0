/// Reading a file that people write: a field nobody knows is an error, and every error names the
/// field by its path, such as `inputs[3].at_ms`.
struct StrictFields {
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let container: KeyedDecodingContainer<Key>

  init(_ decoder: any Decoder, known: [String]) throws {
    container = try decoder.container(keyedBy: Key.self)
    let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.min()
    if let unknown {
      throw error(unknown, "unknown; there are \(known.joined(separator: ", "))")
    }
  }

  func has(_ name: String) -> Bool { container.contains(Key(stringValue: name)) }

  func required<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value
  {
    try container.decode(type, forKey: Key(stringValue: name))
  }

  func optional<Value: Decodable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value? {
    try container.decodeIfPresent(type, forKey: Key(stringValue: name))
  }

  /// A length in whole milliseconds.
  func duration(_ name: String) throws -> Duration? {
    try optional(name, as: Int64.self).map { .milliseconds($0) }
  }

  func error(_ name: String, _ problem: String) -> PolicyError {
    PolicyError(
      field: (container.codingPath + [Key(stringValue: name)]).fieldPath, problem: problem)
  }
}

extension [any CodingKey] {
  /// `inputs[3].at_ms`
  var fieldPath: String {
    reduce(into: "") { path, key in
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + key.stringValue
      }
    }
  }
}

extension PolicyError {
  /// What a decoder has to say, with the field it says it about.
  package init(_ error: DecodingError) {
    switch error {
    case .typeMismatch(let type, let context):
      let path = context.codingPath.fieldPath
      self.init(
        field: path.isEmpty ? "file" : path, problem: "is not \(Self.words(for: type))")
    case .valueNotFound(_, let context):
      self.init(field: context.codingPath.fieldPath, problem: "has no value")
    case .keyNotFound(let key, let context):
      self.init(field: (context.codingPath + [key]).fieldPath, problem: "is missing")
    case .dataCorrupted(let context):
      let path = context.codingPath.fieldPath
      self.init(
        field: path.isEmpty ? "file" : path, problem: path.isEmpty ? "is not JSON" : "is damaged")
    @unknown default: self.init(field: "file", problem: "cannot be read")
    }
  }

  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is Int.Type, is Int64.Type, is UInt64.Type: "a whole number"
    case is Double.Type: "a number"
    case is [Any].Type: "a list"
    default: "of the expected kind"
    }
  }
}
