import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// What this plugin is asked to write; protoc hands it over as the plugin's parameter.
enum Mode: String {
  /// C through Debian's `protoc-gen-c`, with strings as pointer and length.
  case c
  /// Swift values, their codec and the typed method descriptors.
  case messages
  /// Service protocols, clients and router registration.
  case services
}

/// A reason not to generate, told to the user by protoc in one line.
struct Refusal: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

@main
enum Plugin {
  typealias Request = Google_Protobuf_Compiler_CodeGeneratorRequest
  typealias Response = Google_Protobuf_Compiler_CodeGeneratorResponse

  static func main() throws {
    let input = FileHandle.standardInput.readDataToEndOfFile()
    var response = Response()
    do {
      let request = try Request(serializedBytes: [UInt8](input))
      response.file = try files(for: request)
    } catch {
      response.error = "\(error)"
    }
    FileHandle.standardOutput.write(Data(try response.serializedBytes() as [UInt8]))
  }

  private static func files(for request: Request) throws -> [Response.File] {
    guard let mode = Mode(rawValue: request.parameter) else {
      throw Refusal("unknown mode '\(request.parameter)': say c, messages or services")
    }
    let set = DescriptorSet(protos: request.protoFile)
    let wanted = request.fileToGenerate.sorted().compactMap { set.fileDescriptor(named: $0) }
    let schema = try Schema(files: wanted, protos: request.protoFile)
    switch mode {
    case .c: return try COutput(request: request, schema: schema).files()
    case .messages: return MessagesOutput(schema: schema).files()
    case .services: return ServicesOutput(schema: schema).files()
    }
  }
}

extension Plugin.Response.File {
  init(_ name: String, _ lines: Printer) {
    self.init()
    self.name = name
    self.content = lines.text
  }
}
