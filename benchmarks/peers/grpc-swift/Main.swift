import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc

/// grpc-swift's server on its NIO transport, with its defaults.
@main
enum Main {
  static func main() async throws {
    guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
      print("usage: grpc-swift-server PORT")
      exit(64)
    }
    let server = GRPCServer(
      transport: .http2NIOPosix(
        address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext),
      services: [OrderService()])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      _ = try await server.listeningAddress
      print("ready")
      fflush(nil)
      try await group.waitForAll()
    }
  }
}
