import NIOCore
import Synchronization

/// A request's body that notes when the connection takes it.
///
/// A body is asked for only once a connection is there, its TLS handshake done and the head on its
/// way; and a provider acts on no request without its body. So what was never taken has certainly
/// charged nobody, whatever went wrong and whenever.
final class NotedBody: AsyncSequence, Sendable {
  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var body: NotedBody?

    mutating func next() async -> ByteBuffer? {
      guard let body else { return nil }
      self.body = nil
      body.taken.store(true, ordering: .sequentiallyConsistent)
      return body.bytes
    }
  }

  private let bytes: ByteBuffer
  private let taken = Atomic(false)

  init(_ bytes: [UInt8]) { self.bytes = ByteBuffer(bytes: bytes) }

  var wasTaken: Bool { taken.load(ordering: .sequentiallyConsistent) }
  var count: Int { bytes.readableBytes }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
