import Journal
import Messages
import Resilience
import Synchronization

/// How far one subscriber is behind its source, asked now and then: the source may be on another
/// machine, and whoever reads signals must not wait for it.
final class LagMeter: Sendable {
  private struct Look {
    let lag: SubscriptionLag
    let at: Resilience.MonotonicInstant
  }

  private let subscriber: String
  private let source: String
  private let ask: @Sendable () async throws(JournalError) -> SubscriptionLag
  private let look = Mutex<Look?>(nil)

  static let interval = Duration.seconds(2)
  /// What was heard longer ago is not known any more.
  private static let ageMax = Duration.seconds(10)

  init(
    _ subscriber: String, _ source: String,
    _ ask: @escaping @Sendable () async throws(JournalError) -> SubscriptionLag
  ) {
    self.subscriber = subscriber
    self.source = source
    self.ask = ask
  }

  /// Asks until its task is cancelled.
  func run(now: @Sendable () -> Resilience.MonotonicInstant) async throws {
    while !Task.isCancelled {
      do throws(JournalError) {
        let lag = try await ask()
        look.withLock { $0 = Look(lag: lag, at: now()) }
      } catch {
        // Out of reach; the last look grows old.
      }
      try await Task.sleep(for: Self.interval)
    }
  }

  /// nil when it is not known.
  func signals(at now: Resilience.MonotonicInstant) -> SubscriptionSignals? {
    look.withLock { $0 }.flatMap { look in
      guard now < look.at.advanced(by: Self.ageMax) else { return nil }
      return SubscriptionSignals(
        subscriber: subscriber, source: source, lagEvents: UInt64(clamping: look.lag.events),
        lagMs: UInt64(clamping: look.lag.oldest.wholeNanoseconds / 1_000_000))
    }
  }
}
