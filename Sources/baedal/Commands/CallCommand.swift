import ArgumentParser
import Foundation
import Messages
import Transport

/// Any method, by name.
struct CallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call any method with a JSON message.",
    discussion: """
      baedal call OrderService/GetOrder '{"orderId": "…"}' --as customer:demo-customer
      Answers are printed as JSON, those of a stream one a line as they come. The end of a method's
      name is enough where only one ends so; '-' reads the message from standard input.
      """)

  @OptionGroup var options: ClientOptions
  @Argument(help: "Such as baedal.order.v1.OrderService/GetOrder.") var method: String
  @Argument(help: "The request.") var json = "{}"

  func run() async throws {
    let info = try find()
    let request = try MessageRegistry.jsonToBytes(info.input, try text())
    try await options.withClient(as: .cliOperator) { client in
      if info.isServerStreaming {
        let stream = try await client.rpc.payloads(
          info.path, request, options: CallOptions(timeout: client.streamTimeout))
        for try await payload in stream {
          Terminal.say(try MessageRegistry.bytesToJSON(info.output, payload))
        }
      } else {
        let answer = try await client.rpc.unary(
          info.path, request, options: CallOptions(timeout: client.timeout(of: info.path)))
        Terminal.say(try MessageRegistry.bytesToJSON(info.output, answer))
      }
    }
  }

  private func find() throws -> MethodInfo {
    if let exact = MessageRegistry.method(path: method) { return exact }
    let wanted = method.lowercased()
    let matches = MessageRegistry.methods.filter { info in
      let path = info.path.lowercased()
      return path.hasSuffix("/" + wanted) || path.hasSuffix("." + wanted)
    }
    if matches.count == 1, let match = matches.first { return match }
    let paths = (matches.isEmpty ? MessageRegistry.methods : matches).map(\.path)
    throw ValidationError(
      matches.isEmpty
        ? "there is no method '\(method)'; 'baedal describe' lists them"
        : "'\(method)' may be \(paths.joined(separator: " or "))")
  }

  private func text() throws -> String {
    guard json == "-" else { return json }
    var lines: [String] = []
    while let line = readLine(strippingNewline: false) { lines.append(line) }
    return lines.joined()
  }
}
