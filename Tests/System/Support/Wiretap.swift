import Messages
import NIOCore
import NIOPosix
import Synchronization

/// Stands between clients and a node, passes on every byte, and notes which calls are sent more
/// than once. The node may come and go behind it.
final class Wiretap: Sendable {
  private struct State {
    /// The connections on which a call's method and payload were sent, and its number there.
    var sent: [[UInt8]: [(connection: Int, call: UInt64)]] = [:]
    /// What a connection's go-away said that was begun.
    var lastBegun: [Int: UInt64] = [:]
    /// Calls that were answered with "nothing of it was begun".
    var unprocessed: Set<[UInt64]> = []
    var connections = 0
  }

  private let state = Mutex(State())
  private let listener: any Channel
  let port: Int

  /// - Parameter port: the node's.
  init(to port: Int) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let box = Box()
    listener = try await ServerBootstrap(group: group)
      // Nothing is read from a client before the node is reached, and a node never speaks first.
      .childChannelInitializer { client in
        ClientBootstrap(group: client.eventLoop)
          .connect(host: "127.0.0.1", port: port)
          .flatMap { server in
            client.eventLoop.makeCompletedFuture {
              guard let tap = box.tap else { throw Trouble("the tap is closed") }
              let number = tap.connected()
              try client.pipeline.syncOperations.addHandler(
                WiretapHandler(to: server) { tap.called($0, on: number) })
              try server.pipeline.syncOperations.addHandler(
                WiretapHandler(to: client) { tap.answered($0, on: number) })
            }
          }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.port = listener.localAddress?.port ?? 0
    box.set(self)
  }

  func close() async { try? await listener.close().get() }

  var connections: Int { state.withLock { $0.connections } }

  /// Calls that were sent, each as often as it was.
  var calls: Int { state.withLock { $0.sent.values.reduce(0) { $0 + $1.count } } }

  /// Calls that were sent more than once.
  var repeated: Int { state.withLock { state in state.sent.values.count { $0.count > 1 } } }

  /// Of those, the ones that may have been begun before they were sent again.
  var sentAgain: [String] {
    state.withLock { state in
      state.sent.values.flatMap { sends in
        sends.dropLast().filter { send in
          let isAbove = state.lastBegun[send.connection].map { send.call > $0 } ?? false
          return !isAbove && !state.unprocessed.contains([UInt64(send.connection), send.call])
        }.map { "call \($0.call) of connection \($0.connection)" }
      }
    }
  }

  private func connected() -> Int {
    state.withLock { state in
      state.connections += 1
      return state.connections
    }
  }

  private func called(_ kind: Frame.Kind, on connection: Int) {
    // Whoever asks again for what may not be there yet says the same on purpose.
    guard case .call(let call) = kind, call.method.hasSuffix("/PlaceOrder") else { return }
    state.withLock { $0.sent[call.payload, default: []].append((connection, call.callID)) }
  }

  private func answered(_ kind: Frame.Kind, on connection: Int) {
    state.withLock { state in
      switch kind {
      case .goAway(let away): state.lastBegun[connection] = away.lastCallID
      case .end(let end) where end.unprocessed:
        state.unprocessed.insert([UInt64(connection), end.callID])
      default: break
      }
    }
  }

  /// Lets connections find the tap that is made with their listener.
  private final class Box: Sendable {
    private let held = Mutex<Wiretap?>(nil)
    var tap: Wiretap? { held.withLock { $0 } }
    func set(_ tap: Wiretap) { held.withLock { $0 = tap } }
  }
}

/// One direction of a connection: passes bytes on, and looks at the frames in them.
private final class WiretapHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let other: any Channel
  private let heard: (Frame.Kind) -> Void
  private var rest = ByteBuffer()

  init(to other: any Channel, heard: @escaping (Frame.Kind) -> Void) {
    self.other = other
    self.heard = heard
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    rest.writeImmutableBuffer(bytes)
    while let length = rest.getInteger(at: rest.readerIndex, as: UInt32.self),
      rest.readableBytes >= 4 + Int(length)
    {
      rest.moveReaderIndex(forwardBy: 4)
      let frame = rest.readBytes(length: Int(length)) ?? []
      if let kind = (try? Frame(serialized: frame))?.kind { heard(kind) }
    }
    rest.discardReadBytes()
    other.writeAndFlush(bytes, promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    other.close(promise: nil)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
