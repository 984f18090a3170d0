import Foundation
import Testing

/// What a command printed, and how it ended.
struct Printed: Sendable {
  let ending: Child.Ending
  let output: String
  let errors: String

  /// The messages of `--json`, one a line; fails for a line that is none.
  func messages() throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(value as? [String: Any], "\(line)")
    }
  }

  /// The only message.
  func message() throws -> [String: Any] {
    let messages = try messages()
    try #require(messages.count == 1, "\(output) \(errors)")
    return messages[0]
  }

  /// The order in the only message.
  func order() throws -> [String: Any] {
    try #require(try message()["order"] as? [String: Any], "\(output)")
  }

  /// Whether it ended with that code after saying one line of complaint and nothing else.
  func isOneLine(exit code: Int32) -> Bool {
    ending == .exit(code) && output.isEmpty && errors.split(separator: "\n").count == 1
  }
}

extension Site {
  /// Runs a command to its end.
  func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> Printed {
    let name = "command-\(UUID().uuidString)"
    let child = try baedal(arguments, environment: environment, name: name)
    let ending = try await child.end(within: .seconds(30))
    return Printed(ending: ending, output: child.output, errors: child.errors)
  }

  /// Runs a command against a node; words are parted by single spaces.
  func run(_ words: String, on node: NodeProcess) async throws -> Printed {
    try await run(words, port: node.port)
  }

  func run(_ words: String, port: Int) async throws -> Printed {
    try await run(
      words.split(separator: " ").map(String.init) + ["--connect", "127.0.0.1:\(port)"])
  }
}
