import NIOCore

/// Closes a connection so that its last bytes arrive: closes this side, and waits a little for the
/// other. A socket closed with bytes unread is reset, which destroys what is on its way: the alert
/// that says why a handshake failed, or the go-away of a connection that is turned away.
///
/// Stands between the socket and those who close at once: TLS when a handshake fails, and
/// `RefusalHandler`.
final class LingerHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let timeout: Duration
  private var isClosing = false
  private var timer: Scheduled<Void>?

  init(timeout: Duration) {
    self.timeout = timeout
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, context.channel.isActive else {
      context.close(mode: mode, promise: promise)
      return
    }
    if let promise { context.channel.closeFuture.cascade(to: promise) }
    guard !isClosing else { return }
    isClosing = true
    context.close(mode: .output, promise: nil)
    timer = context.eventLoop.assumeIsolated().scheduleTask(
      in: .nanoseconds(timeout.wholeNanoseconds)
    ) { context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isClosing { context.fireChannelRead(data) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    context.fireChannelInactive()
  }
}
