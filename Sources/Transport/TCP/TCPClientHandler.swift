import Glibc
import NIOCore
import NIOTLS

/// Moves bytes between one connected socket and its session. Lives on the
/// channel's event loop; one flush per turn of the loop.
final class TCPClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let session: ClientSession
  private let link: LoopLink<TCPClientHandler>
  private var context: ChannelHandlerContext?
  private var spare = ByteBuffer()
  private var timer: Scheduled<Void>?
  private let executor: LoopExecutor
  /// Below this one in the pipeline; nil without TLS.
  private let tls: ClientHandshake?
  private var timerAt = MonotonicInstant.distantFuture

  init(
    configuration: ClientConfiguration, eventLoop: any EventLoop, tls: ClientHandshake?,
    onOpen: @escaping @Sendable (RPCError?) -> Void
  ) {
    let link = LoopLink<TCPClientHandler>(eventLoop: eventLoop)
    self.link = link
    self.tls = tls
    executor = LoopExecutor.of(eventLoop)
    session = ClientSession(configuration: configuration, onOpen: onOpen) {
      link.wake { handler in handler.turn() }
    }
    link.handler = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // Otherwise `channelActive` is still to come.
    if context.channel.isActive { turn() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    turn()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    session.disconnected(RPCError(code: .unavailable, message: "the connection was closed"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let isExpired = tls?.hasExpired(at: time(nil)) ?? false
    let failure = TLSFailure(error)?.seenByClient(expired: isExpired, cause: error)
    session.disconnected(
      failure ?? RPCError(code: .unavailable, message: "the connection broke", cause: error))
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent, tls?.isNamed == false {
      // Before anything was sent.
      session.disconnected(TLSFailure.wrongName.seenByClient(expired: false, cause: nil))
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    link.isReading = true
    session.receive(unwrapInboundIn(data), at: session.clock.now(), on: executor)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    link.isReading = false
    turn()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    // Reading goes on all the while: if both sides waited to be read from, neither would be.
    if context.channel.isWritable { turn() }
    context.fireChannelWritabilityChanged()
  }

  private func turn() {
    guard let context else { return }
    // What the socket does not take stays in the session, which counts it.
    let isWritable = context.channel.isWritable
    if isWritable, session.takeOutbound(into: &spare) {
      context.writeAndFlush(wrapOutboundOut(spare), promise: nil)
    }
    if session.takeEnd(dropping: !isWritable) { context.close(promise: nil) }
    updateTimer()
  }

  private func updateTimer() {
    let next = session.nextTick
    guard next < timerAt else { return }
    timer?.cancel()
    timerAt = next
    let delay = max(0, session.clock.now().nanoseconds(until: next))
    timer = link.schedule(in: .nanoseconds(delay)) { handler in handler.tick() }
  }

  private func tick() {
    timerAt = .distantFuture
    _ = session.tick(at: session.clock.now())
    turn()
  }
}
