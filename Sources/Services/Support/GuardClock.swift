package import Resilience
package import Transport

// Resilience imports nothing, and so has an instant of its own; both count the same nanoseconds.

extension Resilience.MonotonicInstant {
  package init(_ instant: Transport.MonotonicInstant) {
    self.init(nanoseconds: instant.nanoseconds)
  }
}

extension Bulkhead.Timing {
  /// What is guarded waits by the same clock as the calls themselves.
  package init(_ clock: TransportClock) {
    self.init(
      now: { Resilience.MonotonicInstant(clock.now()) },
      wait: { try await clock.sleep(Transport.MonotonicInstant(nanoseconds: $0.nanoseconds)) })
  }
}
