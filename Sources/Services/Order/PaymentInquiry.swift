import Domain
package import Journal
import Transport

/// Asks payment again and again how the payments stand that orders do not know the outcome of.
///
/// Payment tells of what it has by its events. What it never had, because the charge was lost on
/// its way, nobody tells of; so the order asks. Orders in doubt are those with a deadline for it.
package struct PaymentInquiry: Sendable {
  private let journal: AnyJournal
  private let pool: ReplicaPool<OrderReplica>
  private let interval: Duration
  private let clock: TransportClock

  /// Orders read at once.
  private static let pageMax = 64

  package init(
    journal: AnyJournal, pool: ReplicaPool<OrderReplica>, environment: ServiceEnvironment
  ) {
    self.journal = journal
    self.pool = pool
    self.interval = environment.deadlines.askAgain
    self.clock = environment.clock
  }

  /// Runs until its task is cancelled.
  /// - Parameter pulse: beats for each order that is asked about.
  package func run(pulse: Pulse = Pulse()) async throws {
    while !Task.isCancelled {
      try await clock.sleep(clock.now().advanced(by: interval))
      await sweep(pulse)
    }
  }

  /// Asks about every order in doubt, one after the other.
  package func sweep(_ pulse: Pulse = Pulse()) async {
    var last: Deadline?
    while let page = await page(after: last), !page.isEmpty, !Task.isCancelled {
      last = page.last
      for deadline in page {
        let id = deadline.key.stream.id
        let beat = pulse.begin()
        defer { pulse.end(beat) }
        // No answer: the next look asks again, and the order has its deadline.
        try? await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
          try await replica.askAgain(id)
        }
      }
    }
  }

  /// Nil when the journal cannot be read now.
  private func page(after last: Deadline?) async -> [Deadline]? {
    try? await journal.deadlines(
      kind: OrderDeadline.paymentUnknown.rawValue, after: last, limit: Self.pageMax)
  }
}
