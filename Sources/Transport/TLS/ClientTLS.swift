import NIOCore
package import NIOSSL
import Synchronization

/// Whom a client trusts, and what it shows. It can be replaced while the client runs: connections
/// made from then on use the new one.
package final class ClientTLS: Sendable {
  private let context: Mutex<NIOSSLContext>
  private let serverName: String?

  /// - Parameter serverName: what the server's certificate must name; nil for the host that is
  ///   connected to. Not an address.
  package init(_ context: NIOSSLContext, serverName: String? = nil) {
    self.context = Mutex(context)
    self.serverName = serverName
  }

  package func replace(_ context: NIOSSLContext) {
    self.context.withLock { $0 = context }
  }

  /// For one connection; on its event loop. Throws if a host cannot be called so.
  func handler(host: String) throws -> NIOSSLClientHandler {
    // An address is never sent as a name; the certificate must hold the one connected to.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    let name = serverName ?? (isAddress ? nil : host)
    return try NIOSSLClientHandler(context: context.withLock { $0 }, serverHostname: name)
  }
}
