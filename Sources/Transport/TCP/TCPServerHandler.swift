import NIOCore

/// Moves bytes between one accepted socket and its session. Lives on the
/// channel's event loop; one flush per turn of the loop.
final class TCPServerHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let session: ServerSession
  private let runner: CallRunner
  private let server: TCPServer
  private let link: LoopLink<TCPServerHandler>
  private var context: ChannelHandlerContext?
  private var spare = ByteBuffer()
  private var isReadHeld = false
  private var isGreeted = false
  private var timer: Scheduled<Void>?
  private var timerAt = MonotonicInstant.distantFuture

  init(server: TCPServer, eventLoop: any EventLoop, address: String) {
    self.server = server
    let link = LoopLink<TCPServerHandler>(eventLoop: eventLoop)
    self.link = link
    session = ServerSession(
      router: server.router, configuration: server.configuration, budget: server.budget,
      address: address,
      wake: { link.wake { handler in handler.flush() } })
    runner = CallRunner(eventLoop: eventLoop, session: session)
    link.handler = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    updateTimer()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    session.disconnected()
    runner.close()
    server.disconnected(context.channel)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A broken socket: there is nobody left to tell.
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    link.isReading = true
    session.receive(unwrapInboundIn(data))
    runner.receive(at: session.clock.now())
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    link.isReading = false
    if !isGreeted, session.isGreeted {
      isGreeted = true
      server.greeted(context.channel)
    }
    flush()
    updateTimer()
    context.fireChannelReadComplete()
  }

  /// A client that does not take its answers is not read from either.
  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      context.read()
    } else {
      isReadHeld = true
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let isWritable = context.channel.isWritable
    session.setWritable(isWritable)
    if isWritable {
      flush()
      if isReadHeld {
        isReadHeld = false
        context.read()
      }
    }
    context.fireChannelWritabilityChanged()
  }

  private func flush() {
    guard let context else { return }
    // What the socket does not take stays in the session, which bounds it.
    if context.channel.isWritable, session.takeOutbound(into: &spare) {
      context.writeAndFlush(wrapOutboundOut(spare), promise: nil)
    }
    if session.takeEnd() { hangUp(context) }
  }

  /// Closes this side first and waits a little for the other: closing at once
  /// could destroy the last frames on their way.
  private func hangUp(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    _ = context.eventLoop.scheduleTask(
      in: .nanoseconds(server.configuration.limits.lingerTimeout.wholeNanoseconds)
    ) {
      channel.close(promise: nil)
    }
  }

  private func updateTimer() {
    let next = session.nextTick
    guard next < timerAt else { return }
    timer?.cancel()
    timerAt = next
    guard next < .distantFuture else { return }
    let delay = max(0, session.clock.now().nanoseconds(until: next))
    timer = link.schedule(in: .nanoseconds(delay)) { handler in handler.tick() }
  }

  private func tick() {
    timerAt = .distantFuture
    _ = session.tick(at: session.clock.now())
    flush()
    updateTimer()
  }
}
