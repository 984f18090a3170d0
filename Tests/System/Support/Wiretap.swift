import Messages
import NIOCore
import NIOPosix
import Synchronization

/// Stands between clients and a node, passes on every byte, and notes which calls are sent more
/// than once and how long they may take. The node may come and go behind it.
final class Wiretap: Sendable {
  private struct State {
    /// The connections on which a call's method and payload were sent, and its number there.
    var sent: [[UInt8]: [(connection: Int, call: UInt64)]] = [:]
    /// What a connection's go-away said that was begun.
    var lastBegun: [Int: UInt64] = [:]
    /// Calls that were answered with "nothing of it was begun".
    var unprocessed: Set<[UInt64]> = []
    /// Calls whose answers are to be lost.
    var losing: Set<[UInt64]> = []
    var timeoutsUs: [String: UInt64] = [:]
    var connections = 0
  }

  private let state = Mutex(State())
  private let listener: any Channel
  private let lost: String?
  let port: Int

  /// - Parameters:
  ///   - port: the node's.
  ///   - lost: a method without its service: what the node answers to it is lost, and the
  ///     connection with it.
  init(to port: Int, losing lost: String? = nil) async throws {
    self.lost = lost
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
                WiretapHandler(to: server) {
                  tap.called($0, on: number)
                  return true
                })
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

  /// How much time the last call of each method gave the node, by the method without its service;
  /// 0: no limit.
  var timeoutsUs: [String: UInt64] { state.withLock { $0.timeoutsUs } }

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
    guard case .call(let call) = kind else { return }
    let method = String(call.method.drop { $0 != "/" }.dropFirst())
    state.withLock { state in
      state.timeoutsUs[method] = call.timeoutUs
      if method == lost { state.losing.insert([UInt64(connection), call.callID]) }
      // Whoever asks again for what may not be there yet says the same on purpose.
      guard method == "PlaceOrder" else { return }
      state.sent[call.payload, default: []].append((connection, call.callID))
    }
  }

  /// Whether it is to be passed on.
  private func answered(_ kind: Frame.Kind, on connection: Int) -> Bool {
    state.withLock { state -> Bool in
      switch kind {
      case .goAway(let away): state.lastBegun[connection] = away.lastCallID
      case .end(let end) where end.unprocessed:
        state.unprocessed.insert([UInt64(connection), end.callID])
      case .end(let end): return !state.losing.contains([UInt64(connection), end.callID])
      case .reply(let reply): return !state.losing.contains([UInt64(connection), reply.callID])
      default: break
      }
      return true
    }
  }

  /// Lets connections find the tap that is made with their listener.
  private final class Box: Sendable {
    private let held = Mutex<Wiretap?>(nil)
    var tap: Wiretap? { held.withLock { $0 } }
    func set(_ tap: Wiretap) { held.withLock { $0 = tap } }
  }
}

/// One direction of a connection: passes bytes on, and looks at the frames in them. With one that
/// is not to be passed on it hangs up.
private final class WiretapHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let other: any Channel
  private let heard: (Frame.Kind) -> Bool
  private var rest = ByteBuffer()

  init(to other: any Channel, heard: @escaping (Frame.Kind) -> Bool) {
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
      if let kind = (try? Frame(serialized: frame))?.kind, !heard(kind) {
        context.close(promise: nil)
        return
      }
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
