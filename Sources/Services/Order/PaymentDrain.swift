import Domain
package import Journal
import Messages
package import Resilience
import Transport

/// Pays parked orders once payment is well again: paced, few at a time, the longest parked first.
///
/// The parked orders are those with a deadline to be paid by, so nothing else has to remember them.
/// Those about to expire are left to it, so that their end does not cost those behind them the pace.
/// While the circuit breaker is open nobody is charged; when its wait is over, one order at a time
/// tries payment out, as a customer's would. Orders that only their customer can pay stay parked.
package struct PaymentDrain: Sendable {
  package struct Policy: Hashable, Sendable {
    /// Charges started in a second at most.
    package var perSecond: Int
    /// Charges under way at once.
    package var concurrent: Int
    /// From the end of one look for parked orders to the next; longer while nothing comes of it.
    package var interval: Duration

    package init(perSecond: Int, concurrent: Int, interval: Duration) {
      self.perSecond = perSecond
      self.concurrent = concurrent
      self.interval = interval
    }
  }

  /// What came of one look.
  package struct Sweep: Hashable, Sendable {
    package var paid = 0
    package var failed = 0

    fileprivate mutating func count(_ outcome: Outcome) {
      switch outcome {
      case .paid: paid += 1
      case .failed: failed += 1
      case .left: break
      }
    }
  }

  /// What came of one order.
  enum Outcome: Sendable {
    case paid
    case failed
    /// It is for its customer to pay, or parked no more.
    case left
  }

  /// How fast it goes.
  package struct Pace {
    /// Of charges.
    fileprivate var charges: TokenBucket
    /// Of looks at orders, of which only their customers can pay many: each may read the journal.
    fileprivate var looks: TokenBucket

    package init(charges: TokenBucket, at now: Resilience.MonotonicInstant) throws {
      self.charges = charges
      looks = try TokenBucket(every: .milliseconds(2), burst: pageMax, at: now)
    }
  }

  private let journal: AnyJournal
  private let pool: ReplicaPool<OrderReplica>
  private let payment: DependencyGuard
  private let policy: @Sendable () -> Policy
  private let environment: ServiceEnvironment
  private var clock: TransportClock { environment.clock }

  /// Orders read at once.
  private static let pageMax = 64
  /// Who expires sooner is not charged: the order could be over before the charge is, and every
  /// one of those would have to be refunded.
  private static let leftMin = Duration.seconds(5)
  /// The longest it looks away, whatever went wrong.
  private static let pauseMax = Duration.seconds(5)

  /// - Parameter policy: asked at each look, so that it may change in between.
  package init(
    journal: AnyJournal, pool: ReplicaPool<OrderReplica>, payment: DependencyGuard,
    policy: @escaping @Sendable () -> Policy, environment: ServiceEnvironment
  ) {
    self.journal = journal
    self.pool = pool
    self.payment = payment
    self.policy = policy
    self.environment = environment
  }

  /// Runs until its task is cancelled.
  /// - Parameter pulse: beats for each order that is paid.
  package func run(pulse: Pulse = Pulse()) async throws {
    var policy = policy()
    var pace = try pace(of: policy)
    var pause = policy.interval
    while !Task.isCancelled {
      let current = self.policy()
      if current.perSecond != policy.perSecond { pace = try self.pace(of: current) }
      policy = current
      guard policy.perSecond > 0 else {
        try await sleep(policy.interval)
        continue
      }
      let sweep = await sweep(&pace, pulse)
      pause =
        sweep.failed > 0 && sweep.paid == 0 ? min(pause * 2, Self.pauseMax) : policy.interval
      try await sleep(max(pause, min(payment.wait() ?? pause, Self.pauseMax)))
    }
  }

  /// No burst: after an outage everybody comes back at once, and we are not to add to it.
  private func pace(of policy: Policy) throws -> Pace {
    let every = Duration.nanoseconds(1_000_000_000 / Int64(max(1, policy.perSecond)))
    return try Pace(charges: TokenBucket(every: every, burst: 1, at: now()), at: now())
  }

  /// One pass over the parked orders, for as long as payment takes them.
  package func sweep(_ pace: inout Pace, _ pulse: Pulse = Pulse()) async -> Sweep {
    await withTaskGroup(of: Outcome.self) { group in
      let concurrent = policy().concurrent
      var sweep = Sweep()
      var running = 0
      var last: Deadline?
      pages: while let page = await page(after: last), !page.isEmpty {
        last = page.last
        for deadline in page {
          // On trial they go one by one.
          let limit = payment.isClosed ? concurrent : 1
          while running >= limit, let outcome = await group.next() {
            running -= 1
            sweep.count(outcome)
          }
          guard payment.wait() == .zero, !Task.isCancelled else { break pages }
          // Before its turn, not after: who waits for the pace at the edge of expiry would lose
          // every turn to it, and so would those behind orders that only their customers can pay.
          guard isWorthwhile(deadline) else { continue }
          guard await turn(&pace.looks) else { break pages }
          guard await isPayable(deadline.key.stream.id) else { continue }
          guard await turn(&pace.charges), payment.wait() == .zero else { break pages }
          running += 1
          group.addTask { await pulse.during { await pay(deadline.key.stream.id) } }
        }
      }
      for await outcome in group { sweep.count(outcome) }
      return sweep
    }
  }

  /// Whether there is time left to pay this order.
  private func isWorthwhile(_ deadline: Deadline) -> Bool {
    let soon = environment.now().advanced(by: Self.leftMin)
    return deadline.dueAt.milliseconds > soon.ms
  }

  /// Whether this order can be paid without its customer. One that cannot be looked at now takes
  /// its turn, so that trouble is met at the pace too.
  private func isPayable(_ id: String) async -> Bool {
    do throws(RPCError) {
      return try await pool.withReplica(for: id, .fresh) { (replica) throws(RPCError) in
        try await replica.isPayable(id)
      }
    } catch { return true }
  }

  /// Waits until the pace allows another; false when its task was cancelled.
  private func turn(_ bucket: inout TokenBucket) async -> Bool {
    while let wait = bucket.take(at: now()) {
      guard (try? await sleep(.nanoseconds(wait))) != nil else { return false }
    }
    return !Task.isCancelled
  }

  /// Nil when the journal cannot be read now.
  private func page(after last: Deadline?) async -> [Deadline]? {
    try? await journal.deadlines(
      kind: OrderDeadline.paymentParked.rawValue, after: last, limit: Self.pageMax)
  }

  private func pay(_ id: String) async -> Outcome {
    do throws(RPCError) {
      return try await pool.withReplica(for: id, .fresh) { (replica) throws(RPCError) in
        try await replica.payParked(id)
      }
    } catch {
      // Whatever it was, the order has its deadline, and the next look finds it again.
      return .failed
    }
  }

  private func now() -> Resilience.MonotonicInstant {
    Resilience.MonotonicInstant(clock.now())
  }

  private func sleep(_ duration: Duration) async throws {
    try await clock.sleep(clock.now().advanced(by: duration))
  }
}
