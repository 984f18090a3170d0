import NIOCore

/// A weak way to a channel handler from any thread, by way of its event loop.
///
/// What it holds is read and written on the event loop only (`handler` is set before
/// the link is shared), which is why the class may be sent about.
final class LoopLink<Handler: AnyObject>: @unchecked Sendable {
  let eventLoop: any EventLoop
  weak var handler: Handler?
  /// Between the first read of a turn and its end, which writes what has come together.
  var isReading = false

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Runs `body` on the event loop after what it is doing now, unless the end of this turn's
  /// reading will do the same.
  func wake(_ body: @escaping @Sendable (Handler) -> Void) {
    if eventLoop.inEventLoop, isReading { return }
    eventLoop.execute {
      if !self.isReading, let handler = self.handler { body(handler) }
    }
  }

  func schedule(
    in delay: TimeAmount, _ body: @escaping @Sendable (Handler) -> Void
  ) -> Scheduled<Void> {
    eventLoop.scheduleTask(in: delay) { if let handler = self.handler { body(handler) } }
  }
}
