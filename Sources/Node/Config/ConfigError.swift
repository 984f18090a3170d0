/// Why a configuration cannot be used: where it stands, what is wrong there, what would be right.
package struct ConfigError: Error, Hashable, Sendable {
  /// What is wrong.
  package enum Problem: Hashable, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// The file is not YAML, or its top level is not a list of keys and values.
    case malformed
    /// No setting is called so.
    case unknownKey
    /// The value has the wrong type or is out of range.
    case badValue
    /// A secret stands in the file.
    case secretInFile
    /// The data directory cannot be made or written to.
    case unusableDirectory
  }

  package let problem: Problem
  /// The file, or the environment variable or option that the value came from.
  package let source: String
  /// From 1; nil when the source has no lines.
  package var line: Int?
  /// Full name of the setting, such as `journal.partitions`; empty if it is about the whole file.
  package var key: String
  /// What was wrong and what would be right, as one line without the parts above.
  package var text: String

  package init(_ problem: Problem, in source: String, line: Int? = nil, key: String, _ text: String)
  {
    self.problem = problem
    self.source = source
    self.line = line
    self.key = key
    self.text = text
  }
}

extension ConfigError: CustomStringConvertible {
  /// One line: source, line, key, what is wrong and what would be right.
  package var description: String {
    let place = line.map { "\(source):\($0)" } ?? source
    let named = key.isEmpty ? "" : "\(key): "
    let oneLine = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "\(place): \(named)\(oneLine)"
  }
}
