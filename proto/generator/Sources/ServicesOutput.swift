import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Sources/Services/Generated: for each service a protocol, a client that meets it over a
/// connection, and its registration with a router.
struct ServicesOutput {
  let schema: Schema

  func files() -> [Plugin.Response.File] {
    schema.files.filter { !$0.services.isEmpty }.map { file in
      var out = Printer(swiftFrom: "proto/" + file.name)
      out.line("package import Messages")
      out.line("package import Transport")
      out.line()
      for service in file.services {
        writeProtocol(service, to: &out)
        writeClient(service, to: &out)
        writeRegistration(service, to: &out)
      }
      return .init("\(Schema.swiftFile(of: file))+Service.pb.swift", out)
    }
  }

  /// The method's Swift declaration. It runs where its caller runs, so that a call that a
  /// connection's event loop dispatches does not change threads on its way.
  private func signature(_ method: MethodDescriptor) -> [String] {
    let name = SwiftName.quoted(SwiftName.method(method.name))
    let input = SwiftName.type(of: method.inputType)
    let output = SwiftName.type(of: method.outputType)
    guard method.serverStreaming else {
      return [
        "func \(name)(",
        "  _ request: \(input), context: CallContext",
        ") async throws(RPCError) -> \(output)",
      ]
    }
    return [
      "func \(name)(",
      "  _ request: \(input), context: CallContext,",
      "  send: nonisolated(nonsending) @Sendable (\(output)) async throws(RPCError) -> Void",
      ") async throws(RPCError)",
    ]
  }

  private func writeProtocol(_ service: ServiceDescriptor, to out: inout Printer) {
    let text = comments(of: service) ?? "`\(service.fullName)`."
    out.comment(
      text + "\n\nMet by the service itself and by its client; a caller cannot tell which.")
    out.block("package protocol \(service.name)Protocol: Sendable {") { out in
      for (index, method) in service.methods.enumerated() {
        if index > 0 { out.line() }
        if let text = comments(of: method) { out.comment(text) }
        if method.serverStreaming {
          out.comment("Calls `send` for each message; waits while the reader has no room.")
        }
        let lines = signature(method)
        out.line("nonisolated(nonsending)")
        for line in lines { out.line("  " + line) }
      }
    }
    out.line()
  }

  private func writeClient(_ service: ServiceDescriptor, to out: inout Printer) {
    out.comment("`\(service.fullName)` on the other end of a connection.")
    out.block("package struct \(service.name)Client: \(service.name)Protocol {") { out in
      out.line("private let client: RPCClient")
      out.line()
      out.line("package init(_ client: RPCClient) { self.client = client }")
      for method in service.methods {
        let path = "\(service.name)Methods.\(SwiftName.member(SwiftName.method(method.name)))"
        var lines = signature(method)
        lines[0] = "package " + lines[0]
        lines[lines.count - 1] += " {"
        out.line()
        out.line("nonisolated(nonsending)")
        for line in lines { out.line("  " + line) }
        let call = "\(path), request, options: CallOptions(continuing: context)"
        if method.serverStreaming {
          out.line("  let messages = try await client.serverStream(")
          out.line("    \(call))")
          out.line("  for try await message in messages { try await send(message) }")
        } else {
          out.line("  try await client.unary(")
          out.line("    \(call))")
        }
        out.line("}")
      }
    }
    out.line()
  }

  private func writeRegistration(_ service: ServiceDescriptor, to out: inout Printer) {
    out.block("extension Router {") { out in
      out.comment("Answers every method of `\(service.fullName)` with `service`.")
      out.block("package mutating func register(_ service: some \(service.name)Protocol) {") {
        out in
        for method in service.methods {
          let name = SwiftName.member(SwiftName.method(method.name))
          let path = "\(service.name)Methods.\(name)"
          if method.serverStreaming {
            out.block("serverStream(\(path)) { (request, context, writer) throws(RPCError) in") {
              out in
              out.block(
                "try await service.\(name)(request, context: context) {"
                  + " (message) throws(RPCError) in"
              ) { $0.line("try await writer.write(message)") }
            }
          } else {
            out.block("unary(\(path)) { (request, context) throws(RPCError) in") { out in
              out.line("try await service.\(name)(request, context: context)")
            }
          }
        }
      }
    }
    out.line()
  }
}
