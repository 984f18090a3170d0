import Domain
import Journal
import Messages
import Resilience
import Services
import Views

/// What is checked once everything has ended.
final class Verdict: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  private let world: World
  private(set) var isReached = false

  init(_ world: World) { self.world = world }

  func reach() async {
    do {
      try await audit()
      try await checkEndings()
      try await checkLedger()
      try await checkAcknowledged()
      try await checkDashboard()
      try await checkRest()
      checkPermits()
    } catch { world.violate(.stopped, "the verdict: \(error)") }
    isReached = true
  }

  private func journal(_ service: ServiceKind) -> SimulatedJournal { world.journal(of: service).1 }

  private static let owners: [ServiceKind] = [.order, .payment, .store, .delivery]

  /// P1 to P4 and the journals themselves, as `baedal audit` checks them.
  private func audit() async throws {
    let report = try await Audit(
      orders: journal(.order), payments: journal(.payment), stores: journal(.store),
      deliveries: journal(.delivery), at: Timestamp(ms: world.wallMilliseconds),
      grace: .seconds(60)
    ).run()
    let found = report.violations.sorted { ($0.subject, $0.text) < ($1.subject, $1.text) }
    for violation in found {
      let kind: Violation.Kind =
        switch violation.promise {
        case "P1": .paid
        case "P2": .acknowledged
        case "P3": .money
        case "P4": .deadline
        default: .journal
        }
      world.violate(kind, "\(violation.subject): \(violation.text)")
    }
  }

  private func state<Aggregate: JournaledDecider>(
    _ type: Aggregate.Type, _ id: String, in service: ServiceKind
  ) async throws -> Aggregate.State {
    let stream = StreamKey(category: Aggregate.category, id: id)
    var state = Aggregate.initial
    for event in try await journal(service).load(stream).events {
      state = Aggregate.evolve(
        state, try Aggregate.codec.decode(type: event.type, payload: event.payload))
    }
    return state
  }

  /// Every order, and everything that hangs on it, is over.
  private func checkEndings() async throws {
    for id in Set(world.story.orders).sorted() {
      let order = try await state(Domain.Order.self, id, in: .order)
      if !order.phase.isTerminal { world.violate(.notEnded, "order \(id) is \(order.phase)") }
      let payment = try await state(Domain.Payment.self, id, in: .payment)
      if !payment.isAtRest || payment.held > .zero {
        world.violate(
          .notEnded, "payment \(id) is \(payment.phase), \(payment.held) held, order \(order.phase)"
        )
      }
      checkKept(id, payment, order)
      let ticket = try await state(Domain.Ticket.self, id, in: .store)
      if ![.none, .refused, .withdrawn, .closed].contains(ticket.phase) {
        world.violate(.notEnded, "ticket \(id) is \(ticket.phase), order \(order.phase)")
      }
      let delivery = try await state(Domain.Delivery.self, id, in: .delivery)
      if ![.none, .delivered, .released].contains(delivery.phase) {
        world.violate(.notEnded, "delivery \(id) is \(delivery.phase), order \(order.phase)")
      }
    }
  }

  /// Only a delivered order's money is kept, and of that nothing that was promised back.
  private func checkKept(
    _ id: String, _ payment: Domain.PaymentState, _ order: Domain.OrderState
  ) {
    if order.phase != .delivered, payment.kept > .zero {
      world.violate(.money, "\(id): \(payment.kept) are kept, order \(order.phase)")
    }
    // An operator may have given it back before; then nothing is left to keep.
    let (given, promised) = (
      payment.refunds.filter(\.key.isOffer).reduce(0) { $0 + $1.amount.amount },
      order.refunded.amount
    )
    if given > promised || (given < promised && payment.kept > .zero) {
      world.violate(.money, "\(id): \(promised) won were promised, \(given) asked back")
    }
  }

  /// The provider's own books against ours.
  private func checkLedger() async throws {
    for (id, entry) in world.ledger.entries.sorted(by: { $0.key < $1.key }) {
      if entry.captures.count > 1 {
        world.violate(.capturedTwice, "\(id): attempts \(entry.captures.keys.sorted())")
      }
      let payment = try await state(Domain.Payment.self, id, in: .payment)
      if payment.captured.amount != entry.captured {
        world.violate(
          .ledger, "\(id): the provider captured \(entry.captured), we say \(payment.captured)")
      }
      if payment.refunded.amount != entry.refunded {
        world.violate(
          .ledger, "\(id): the provider refunded \(entry.refunded), we say \(payment.refunded)")
      }
      if payment.kept.amount != entry.captured - entry.refunded {
        world.violate(
          .ledger, "\(id): we keep \(payment.kept) of \(entry.captured) - \(entry.refunded)")
      }
    }
  }

  /// What somebody was told has happened is in the journals.
  private func checkAcknowledged() async throws {
    for (stream, version) in world.story.acknowledged.sorted(by: { $0.key.id < $1.key.id }) {
      let now = try await journal(.order).load(stream).version
      if now.value < version {
        world.violate(.acknowledgedLost, "\(stream) was told at \(version), and is at \(now)")
      }
    }
    for (stream, type) in world.story.acknowledgedSteps {
      let service: ServiceKind = stream.category == "ticket" ? .store : .delivery
      let events = try await journal(service).load(stream).events
      if !events.contains(where: { $0.type == type }) {
        world.violate(.acknowledgedLost, "\(stream): \(type.shortType) was told, and is not there")
      }
    }
  }

  /// The view is a fold of the journals, and has all of them.
  private func checkDashboard() async throws {
    let view = world.node(of: .dashboard).views.dashboard
    let sources = Self.owners.map { journal($0).base }
    let fold = MemoryOrderView()
    try await DashboardRebuild(sources: sources).fill(fold)
    for difference in try await differences(between: view, and: fold) {
      world.violate(.dashboard, "\(difference.orderID): \(difference.text)")
    }
    for order in try await view.stalled(afterID: "", limit: 100) {
      world.violate(.dashboard, "\(order.row.orderID) is not followed any further")
    }
    let now = WallTime(milliseconds: world.wallMilliseconds)
    for lag in try await DashboardLag(sources: sources).measure(view, at: now)
    where lag.events > 0 {
      world.violate(.dashboard, "\(lag.events) events of \(lag.source) behind")
    }
  }

  /// Nothing is set aside, no deadline is left, no subscriber is behind, no command hangs.
  private func checkRest() async throws {
    for service in Self.owners {
      for event in try await journal(service).parked(for: nil, after: nil, limit: 100) {
        world.violate(
          .parked, "\(event.key) \(event.stream) \(event.type.shortType): \(event.reason)")
      }
      if let deadline = try await journal(service).nextDeadline() {
        world.violate(.notEnded, "\(service) still waits for \(deadline.key)")
      }
    }
    for node in world.nodes {
      guard let serving = node.serving else {
        world.violate(.notEnded, "node \(node.number) does not serve")
        continue
      }
      for (service, count) in serving.inFlight where count() > 0 {
        world.violate(.notEnded, "\(count()) commands of \(service) hang")
      }
      if let counts = await serving.dispatcher?.counts, counts.deliveries > 0 {
        world.violate(.notEnded, "dispatch still sees \(counts.deliveries) deliveries")
      }
    }
  }

  private func checkPermits() {
    guard let now = world.node(of: .order).serving?.payment?.snapshot() else { return }
    if now.breaker.liveProbes > 0 {
      world.violate(.permits, "\(now.breaker.liveProbes) probes are live, and nobody calls")
    }
    if now.inside > 0 || now.queued > 0 {
      world.violate(.permits, "\(now.inside) inside and \(now.queued) queued, and nobody calls")
    }
  }
}
