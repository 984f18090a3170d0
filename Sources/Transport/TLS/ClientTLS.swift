import NIOCore
public import NIOSSL
import Synchronization

/// Whom a client trusts, and what it shows. It can be replaced while the client runs: connections
/// made from then on use the new one.
public final class ClientTLS: Sendable {
  private let context: Mutex<NIOSSLContext>
  private let serverName: String?
  private let reader: ServerTLS.Reader

  /// - Parameter serverName: what the server's certificate must name; nil for the host that is
  ///   connected to. Not an address.
  public init(
    _ context: NIOSSLContext, serverName: String? = nil, reader: @escaping ServerTLS.Reader
  ) {
    self.context = Mutex(context)
    self.serverName = serverName
    self.reader = reader
  }

  public func replace(_ context: NIOSSLContext) {
    self.context.withLock { $0 = context }
  }

  /// For one connection; on its event loop. Throws if a host cannot be called so.
  func handshake(host: String) throws -> ClientHandshake {
    // An address is never sent as a name; the certificate must hold the one connected to.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    let name = serverName ?? (isAddress ? nil : host)
    let handler = try NIOSSLClientHandler(context: context.withLock { $0 }, serverHostname: name)
    return ClientHandshake(handler: handler, name: name, reader: reader)
  }
}

/// TLS on one connection of a client. Lives on the channel's event loop.
struct ClientHandshake {
  let handler: NIOSSLClientHandler
  /// What the certificate must name; nil where the address connected to decides.
  fileprivate let name: String?
  fileprivate let reader: ServerTLS.Reader

  fileprivate init(handler: NIOSSLClientHandler, name: String?, reader: @escaping ServerTLS.Reader)
  {
    self.handler = handler
    self.name = name
    self.reader = reader
  }

  /// Whether the server is the one that was meant. The handler below takes the address that was
  /// connected to for as good as the name that was asked for; here it is the name or nothing.
  var isNamed: Bool {
    guard let name else { return true }
    let certificate = handler.peerCertificate.flatMap { try? $0.toDERBytes() }.flatMap(reader)
    return certificate?.isFor(host: name) ?? false
  }

  /// Whether the server's certificate is over at that second since 1970.
  func hasExpired(at now: Int) -> Bool {
    handler.peerCertificate.map { $0.notValidAfter < now } ?? false
  }
}
