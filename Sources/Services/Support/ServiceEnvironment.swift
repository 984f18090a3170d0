package import Domain
package import Transport

/// What is uncertain to a service, handed in: a test or a simulation owns it.
package struct ServiceEnvironment: Sendable {
  /// The wall clock: what is written down, and what deadlines are measured by.
  package var now: @Sendable () -> Timestamp
  /// The monotonic clock: what waiting and time limits are measured by.
  package var clock: TransportClock
  /// How long each waiting state may last.
  package var deadlines: DeadlinePolicy

  package init(
    now: @escaping @Sendable () -> Timestamp, clock: TransportClock = .system,
    deadlines: DeadlinePolicy = .standard
  ) {
    self.now = now
    self.clock = clock
    self.deadlines = deadlines
  }
}
