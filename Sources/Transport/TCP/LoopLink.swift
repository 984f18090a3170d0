import NIOCore

/// A weak way to a channel handler from any thread, by way of its event loop.
///
/// `handler` is read and written on the event loop only (it is set before the
/// link is shared), which is why the class may be sent about.
final class LoopLink<Handler: AnyObject>: @unchecked Sendable {
  let eventLoop: any EventLoop
  weak var handler: Handler?

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Runs `body` on the event loop after what it is doing now.
  func execute(_ body: @escaping @Sendable (Handler) -> Void) {
    eventLoop.execute { if let handler = self.handler { body(handler) } }
  }

  func schedule(
    in delay: TimeAmount, _ body: @escaping @Sendable (Handler) -> Void
  ) -> Scheduled<Void> {
    eventLoop.scheduleTask(in: delay) { if let handler = self.handler { body(handler) } }
  }
}
