/// How much time a guarded call had, and how much it took: what tells a dependency that is slow
/// from a caller who is in a hurry.
package struct CallTime: Hashable, Sendable {
  /// From its beginning, its turn having come, until its deadline; nil without a deadline.
  package let given: Duration?
  /// From its beginning until its end.
  package let taken: Duration

  package init(given: Duration?, taken: Duration) {
    self.given = given
    self.taken = taken
  }

  init(from start: MonotonicInstant, to end: MonotonicInstant, until deadline: MonotonicInstant?) {
    self.init(
      given: deadline.map { .nanoseconds($0.nanoseconds(since: start)) },
      taken: .nanoseconds(end.nanoseconds(since: start)))
  }

  /// Whether it was given at least so long: without a deadline, always.
  package func wasGiven(_ duration: Duration) -> Bool { given.map { $0 >= duration } ?? true }
}
