import NIOCore
import NIOTLS

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
  private let spareBytesMax: Int
  /// Within the channel's own write.
  private var isWriting = false
  private var isReadHeld = false
  private var isGreeted = false
  private let address: String
  /// While it lasts; nil on a port without TLS.
  private var handshake: ServerHandshake?
  private var isRefusalTold = false
  private var timer: Scheduled<Void>?
  private var timerAt = MonotonicInstant.distantFuture
  /// Once this side has hung up.
  private var hangUpTimer: Scheduled<Void>?

  init(
    server: TCPServer, eventLoop: any EventLoop, address: String, handshake: ServerHandshake?
  ) {
    self.server = server
    self.address = address
    self.handshake = handshake
    spareBytesMax = 2 * server.configuration.limits.outboundBytesHigh
    let link = LoopLink<TCPServerHandler>(eventLoop: eventLoop)
    self.link = link
    session = ServerSession(
      router: server.router, configuration: server.configuration, budgets: server.budgets,
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
    // A connection closed before it was active never becomes inactive.
    server.disconnected(context.channel)
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    flush()
    updateTimer()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    hangUpTimer?.cancel()
    hangUpTimer = nil
    session.disconnected()
    runner.close()
    server.disconnected(context.channel)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A broken socket, or TLS that cannot be: there is nobody left to tell.
    if handshake != nil, let failure = TLSFailure(error)?.seenByServer { tell(failure) }
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent, let done = handshake {
      handshake = nil
      if let certificate = done.finish(on: context.pipeline) { session.identify(certificate) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    link.isReading = true
    session.receive(unwrapInboundIn(data))
    runner.receive(at: session.clock.now())
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    link.isReading = false
    greet(context)
    flush()
    updateTimer()
    context.fireChannelReadComplete()
  }

  private func greet(_ context: ChannelHandlerContext) {
    guard !isGreeted, session.isGreeted else { return }
    isGreeted = true
    server.greeted(context.channel)
  }

  /// A client that does not take its answers is not read from either, nor one whose hello is still
  /// to be answered.
  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable, isGreeted || !session.isVerifying {
      context.read()
    } else {
      isReadHeld = true
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      session.resume(at: session.clock.now())
      flush()
      readOn(context)
      updateTimer()
    } else if !isWriting {
      noteStall(context)
    }
    context.fireChannelWritabilityChanged()
  }

  private func noteStall(_ context: ChannelHandlerContext) {
    let unsent = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    guard !session.stall(unsentBytes: unsent ?? 0, at: session.clock.now()) else { return }
    if let refusal = session.refusal { tell(refusal) }
    // At once: TLS would wait for the other side's goodbye.
    session.disconnected()
    context.close(promise: nil)
  }

  private func readOn(_ context: ChannelHandlerContext) {
    guard isReadHeld else { return }
    isReadHeld = false
    read(context: context)
  }

  private func flush() {
    guard let context, context.channel.isActive else { return }
    // What the socket does not take stays in the session, which bounds it.
    let isWritable = context.channel.isWritable
    if isWritable {
      repeat {
        if session.takeResumed() { goOn(context) }
        if session.takeOutbound(into: &spare) {
          // Until it is flushed nobody knows what the socket takes.
          isWriting = true
          context.writeAndFlush(wrapOutboundOut(spare), promise: nil)
          isWriting = false
          // What a large answer took is not kept by the connection.
          if spare.capacity > spareBytesMax { spare = ByteBuffer() }
        }
      } while session.isResumed && context.channel.isWritable
      // What the socket has taken at once is no sign of life, nor held any more.
      if !context.channel.isWritable {
        noteStall(context)
        updateTimer()
      }
    }
    if session.takeEnd(dropping: !isWritable) {
      if let refusal = session.refusal { tell(refusal) }
      if isWritable { hangUp(context) } else { context.close(promise: nil) }
    }
  }

  /// Handles what was received and had to wait. After a flush frames wait for room only while the
  /// socket takes nothing, and then it is not read from: what waits does not grow.
  private func goOn(_ context: ChannelHandlerContext) {
    greet(context)
    runner.receive(at: session.clock.now())
    readOn(context)
    updateTimer()
  }

  private func tell(_ refusal: RPCError) {
    guard !isRefusalTold else { return }
    isRefusalTold = true
    server.refused(address, refusal)
  }

  /// Closes this side first and waits a little for the other: closing at once
  /// could destroy the last frames on their way.
  private func hangUp(_ context: ChannelHandlerContext) {
    guard handshake == nil else {
      // Nothing can be said before it is over.
      context.close(promise: nil)
      return
    }
    let limits = server.configuration.limits
    // At a client that takes nothing the last frames never get out.
    close(after: limits.silenceMax)
    let isOut = context.eventLoop.makePromise(of: Void.self)
    isOut.futureResult.whenComplete { [link] _ in
      link.handler?.close(after: limits.lingerTimeout)
    }
    context.close(mode: .output, promise: isOut)
  }

  private func close(after delay: Duration) {
    hangUpTimer?.cancel()
    hangUpTimer = link.schedule(in: .nanoseconds(delay.wholeNanoseconds)) { handler in
      handler.context?.close(promise: nil)
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
    if let context, !context.channel.isWritable { noteStall(context) }
    _ = session.tick(at: session.clock.now())
    flush()
    updateTimer()
  }
}
