import Messages
import NIOCore
import Resilience

/// How late an event loop runs what is scheduled on it: a task ten times a second, which costs
/// nothing and waits behind whatever else the loop does.
final class LoopDelayMeter: Sendable {
  private let loop: any EventLoop
  private let index: Int
  private let delays = DurationMeter()

  private static let interval = TimeAmount.milliseconds(100)

  init(_ loop: any EventLoop, index: Int) {
    self.loop = loop
    self.index = index
  }

  /// Measures until its task is cancelled.
  func run() async throws {
    while !Task.isCancelled {
      let due = NIODeadline.now() + Self.interval
      let delays = delays
      try await loop.scheduleTask(deadline: due) {
        delays.record(
          nanoseconds: (NIODeadline.now() - due).nanoseconds, at: NodeClock.monotonic())
      }.futureResult.get()
    }
  }

  func signals(at now: Resilience.MonotonicInstant) -> LoopSignals {
    LoopSignals(
      loop: UInt32(clamping: index), delay: delays.quantiles(at: now).map { WaitTimes($0) })
  }
}
