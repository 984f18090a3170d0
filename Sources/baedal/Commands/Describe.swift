import ArgumentParser
import Foundation
import Messages
import Transport

/// What a node answers.
struct Describe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the services, methods and messages of a node.")

  @OptionGroup var options: ClientOptions
  @Argument(help: "Only what has this in its name.") var name = ""
  @Option(
    help: ArgumentHelp(
      "Write the descriptor set (google.protobuf.FileDescriptorSet) there.", valueName: "file"))
  var out: String?

  func run() async throws {
    let answer = try await options.withClient(as: .cliOperator) { client in
      try await client.call(DescribeServiceMethods.describe, DescribeRequest())
    }
    if let out {
      guard FileManager.default.createFile(atPath: out, contents: Data(answer.fileDescriptorSet))
      else { throw Failure(line: "\(out): cannot be written", status: .usage) }
      print("\(out): \(answer.fileDescriptorSet.count) bytes")
      return
    }
    let schema: Schema
    do {
      schema = try Schema(answer.fileDescriptorSet)
    } catch {
      throw Failure(line: "the node's descriptor set is malformed", status: .failed)
    }
    try options.print(answer) { text($0, schema) }
  }

  private func text(_ answer: DescribeResponse, _ schema: Schema) -> String {
    var lines: [String] = []
    let served = Set(answer.methods)
    for service in answer.services {
      let methods = schema.methods.filter {
        $0.path.hasPrefix(service + "/") && served.contains($0.path) && wanted($0.path)
      }
      guard !methods.isEmpty else { continue }
      lines.append(heading("service", service))
      lines += methods.map(line)
    }
    for message in schema.messages where wanted(message.name) {
      lines.append(heading("message", message.name))
      lines += message.fields.map(line)
    }
    for enumeration in schema.enumerations where wanted(enumeration.name) {
      lines.append(heading("enum", enumeration.name))
      lines += enumeration.values.map { "  \($0.number)  \(Terminal.plain($0.name))" }
    }
    guard !lines.isEmpty else { return "nothing has '\(name)' in its name" }
    return lines.joined(separator: "\n")
  }

  private func wanted(_ full: String) -> Bool {
    name.isEmpty || full.lowercased().contains(name.lowercased())
  }

  private func heading(_ kind: String, _ name: String) -> String {
    Terminal.styled(kind, .dim) + " " + Terminal.styled(Terminal.plain(name), .bold)
  }

  private func line(_ method: Schema.Method) -> String {
    let name = method.path.drop { $0 != "/" }.dropFirst()
    let stream = method.isStream ? "stream of " : ""
    return Terminal.plain("  \(name)(\(method.input)) → \(stream)\(method.output)")
  }

  private func line(_ field: Schema.Field) -> String {
    let oneof = field.oneof.map { "  (one of \($0))" } ?? ""
    return Terminal.plain("  \(field.number)  \(field.type) \(field.name)\(oneof)")
  }
}
