import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Sources/Messages/Generated: values, their codec, the method descriptors and the registry.
struct MessagesOutput {
  let schema: Schema

  func files() -> [Plugin.Response.File] {
    schema.files.flatMap { file -> [Plugin.Response.File] in
      let name = Schema.swiftFile(of: file)
      var files: [Plugin.Response.File] = []
      if !file.messages.isEmpty || !file.enums.isEmpty {
        files.append(.init("\(name).pb.swift", values(of: file)))
      }
      if !file.messages.isEmpty {
        files.append(.init("\(name)+Codec.pb.swift", codec(of: file)))
      }
      if !file.services.isEmpty {
        files.append(.init("\(name)+Methods.pb.swift", methods(of: file)))
      }
      return files
    } + [.init("MessageRegistry.pb.swift", registry())]
  }

  private func values(of file: FileDescriptor) -> Printer {
    var out = Printer(swiftFrom: "proto/" + file.name)
    let writer = ValueWriter()
    for enumeration in file.enums { writer.write(enumeration, to: &out) }
    for message in file.messages { writer.write(message, to: &out) }
    return out
  }

  private func codec(of file: FileDescriptor) -> Printer {
    var out = Printer(swiftFrom: "proto/" + file.name)
    out.line("import CMessages")
    out.line()
    for message in Schema.messages(in: file) { CodecWriter(message: message).write(to: &out) }
    return out
  }

  private func methods(of file: FileDescriptor) -> Printer {
    var out = Printer(swiftFrom: "proto/" + file.name)
    for service in file.services {
      out.comment("Methods of `\(service.fullName)`.")
      out.block("public enum \(service.name)Methods {") { out in
        out.comment("The service's full name.")
        out.line("public static let serviceName = \"\(service.fullName)\"")
        for method in service.methods {
          if let text = comments(of: method) { out.comment(text) }
          let types =
            SwiftName.type(of: method.inputType) + ", " + SwiftName.type(of: method.outputType)
          let kind = method.serverStreaming ? "ServerStreamMethod" : "UnaryMethod"
          out.line("public static let \(SwiftName.quoted(SwiftName.method(method.name))) =")
          out.line("  \(kind)<\(types)>(path: \"\(service.fullName)/\(method.name)\")")
        }
      }
      out.line()
    }
    return out
  }

  private func registry() -> Printer {
    var out = Printer(swiftFrom: "proto/")
    let messages = schema.allMessages.sorted { $0.fullName < $1.fullName }
    out.block("extension MessageRegistry {") { out in
      out.comment("Every generated message, sorted by full name.")
      out.block("public static let allTypes: [any Message.Type] = [", close: "]") { out in
        for message in messages { out.line("\(SwiftName.type(of: message)).self,") }
      }
      out.line()
      out.comment("Every method of every service, in the order of the files.")
      out.block("public static let methods: [MethodInfo] = [", close: "]") { out in
        for service in schema.files.flatMap(\.services) {
          for method in service.methods {
            out.block("MethodInfo(", close: "),") { out in
              out.line("path: \"\(service.fullName)/\(method.name)\",")
              out.line("input: \"\(method.inputType.fullName)\",")
              out.line("output: \"\(method.outputType.fullName)\",")
              out.line("isServerStreaming: \(method.serverStreaming)")
            }
          }
        }
      }
      out.line()
      out.comment(
        "Numbers of the string fields of each message: C descriptors show strings as bytes.")
      let strings = messages.map { ($0.fullName, $0.fields.filter { $0.type == .string }) }
        .filter { !$0.1.isEmpty }
      guard !strings.isEmpty else {
        out.line("static let stringFields: [String: Set<UInt32>] = [:]")
        return
      }
      out.block("static let stringFields: [String: Set<UInt32>] = [", close: "]") { out in
        for (name, fields) in strings {
          let numbers = fields.map { "\($0.number)" }.joined(separator: ", ")
          out.line("\"\(name)\": [\(numbers)],")
        }
      }
    }
    return out
  }
}
