import NIOCore
public import NIOSSL
import Synchronization

/// What a server shows and asks for on every connection. It can be replaced while the server runs:
/// connections taken from then on shake hands with the new one, open ones stay as they are.
public final class ServerTLS: Sendable {
  /// Reads the names out of a certificate (DER); nil if it cannot be read.
  public typealias Reader = @Sendable ([UInt8]) -> PeerCertificate?

  private let context: Mutex<NIOSSLContext>
  private let reader: Reader

  public init(_ context: NIOSSLContext, reader: @escaping Reader) {
    self.context = Mutex(context)
    self.reader = reader
  }

  public func replace(_ context: NIOSSLContext) {
    self.context.withLock { $0 = context }
  }

  /// For one connection; on its event loop.
  func handler() -> NIOSSLServerHandler {
    NIOSSLServerHandler(context: context.withLock { $0 })
  }

  func names(in certificate: NIOSSLCertificate) -> PeerCertificate? {
    (try? certificate.toDERBytes()).flatMap(reader)
  }
}

/// The handshake of one accepted connection, while it lasts. Lives on the channel's event loop.
struct ServerHandshake {
  private let tls: ServerTLS
  private let handler: NIOSSLServerHandler
  private let linger: LingerHandler

  init(_ tls: ServerTLS, lingerTimeout: Duration) {
    self.tls = tls
    handler = tls.handler()
    linger = LingerHandler(timeout: lingerTimeout)
  }

  func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
    try pipeline.addHandlers(linger, handler)
  }

  /// It is over, and went well. Whom the client's certificate names, if it showed one.
  func finish(on pipeline: ChannelPipeline) -> PeerCertificate? {
    pipeline.syncOperations.removeHandler(linger, promise: nil)
    return handler.peerCertificate.flatMap(tls.names)
  }
}
