import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Sources/Services/Generated: protocols, clients and router registration.
struct ServicesOutput {
  let schema: Schema

  func files() -> [Plugin.Response.File] { [] }
}
