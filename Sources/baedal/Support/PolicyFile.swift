import Foundation
import Resilience

/// A JSON file that a command tries policies on.
enum PolicyFile {
  /// Reads it; what is wrong with it is one line that names the file and the field.
  static func load<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw Failure(line: "\(path): cannot be read", status: .usage)
    }
    do {
      return try JSONDecoder().decode(type, from: bytes)
    } catch let error as PolicyError {
      throw Failure(line: "\(path): \(error)", status: .usage)
    } catch let error as DecodingError {
      throw Failure(line: "\(path): \(PolicyError(error))", status: .usage)
    }
  }
}

/// What programs read.
enum JSONText {
  static func of(_ value: some Encodable, isIndented: Bool = true) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isIndented { encoder.outputFormatting.insert(.prettyPrinted) }
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
