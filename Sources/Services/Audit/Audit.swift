package import Domain
package import Journal

/// Reads the journals of order, payment and store, and checks the promises P1 to P4.
///
/// It goes partition by partition: all streams of one order lie on the same partition of every
/// journal, so that its memory is a sixteenth of what the journals hold, not all of it.
package struct Audit: Sendable {
  package let orders: any AuditSource
  package let payments: any AuditSource
  package let stores: any AuditSource
  package let deliveries: any AuditSource
  private let now: Timestamp
  /// How long a saga may be under way before what it has not done counts against it.
  private let grace: Duration

  package init(
    orders: any AuditSource, payments: any AuditSource, stores: any AuditSource,
    deliveries: any AuditSource, at now: Timestamp, grace: Duration
  ) {
    self.orders = orders
    self.payments = payments
    self.stores = stores
    self.deliveries = deliveries
    self.now = now
    self.grace = grace
  }

  /// The whole audit. Damage is reported, and nobody is accused for what lies behind it.
  package func run() async throws(JournalError) -> AuditReport {
    var report = AuditReport()
    // Tickets are read before orders, orders before payments: what is read later can only know
    // more, so that a live node is not accused of what happens in between.
    for index in try await orders.status().heads.indices {
      try await check(Partition(index), &report)
    }
    return report
  }

  private func check(
    _ partition: Partition, _ report: inout AuditReport
  ) async throws(JournalError) {
    let tickets = try await fold(Ticket.self, stores, partition, &report)
    let orders = try await fold(Domain.Order.self, orders, partition, &report)
    let payments = try await fold(Domain.Payment.self, payments, partition, &report)
    _ = try await fold(Domain.Delivery.self, deliveries, partition, &report)
    for (id, order) in orders.aggregates {
      check(id, order, payments, &report)
      if !order.state.phase.isTerminal { try await checkDeadline(id, order, &report) }
    }
    // A refund, or the order's last word, may lie behind damage.
    let isWhole = !orders.isCutShort && !payments.isCutShort
    for (id, payment) in payments.aggregates {
      check(id, payment, isWhole ? orders.aggregates[id] : nil, &report)
    }
    for (id, ticket) in tickets.aggregates where ticket.state.order != nil {
      report.count("tickets")
      if !orders.isCutShort, orders.aggregates[id]?.state.isPaid != true {
        report.add("P1", id, "the store knows of an order that was never paid")
      }
    }
  }

  private func check(
    _ id: String, _ order: Folded<Domain.Order>, _ payments: PartitionFold<Domain.Payment>,
    _ report: inout AuditReport
  ) {
    report.count("orders")
    report.count("orders \(order.state.phase.rawValue)")
    guard order.state.isPaid, !payments.isCutShort else { return }
    guard let captured = payments.aggregates[id]?.state.captured, captured > .zero else {
      report.add("P1", id, "placed without a captured payment")
      return
    }
    if let total = order.state.draft?.total, captured != total {
      report.add("P3", id, "captured \(captured) for an order of \(total)")
    }
  }

  private func check(
    _ id: String, _ payment: Folded<Domain.Payment>, _ order: Folded<Domain.Order>?,
    _ report: inout AuditReport
  ) {
    let state = payment.state
    report.count("payments")
    report.count("won captured", state.captured.amount)
    report.count("won kept", state.kept.amount)
    report.count("won refunded", state.refunded.amount)
    report.count("won held", state.held.amount)
    if !state.isBalanced {
      report.add("P3", id, "captured \(state.captured) is not kept + refunded + held")
    }
    if payment.captures.count > 1 {
      report.add("P3", id, "captured \(payment.captures.count) times")
    }
    guard let order, order.state.phase.isTerminal, state.held > .zero else { return }
    let quietSince = max(order.lastAt, payment.lastAt)
    if now.ms(since: quietSince) > grace.wholeMs {
      report.add("P3", id, "\(state.held) are still held, and the order is over")
    } else {
      report.count("refunds under way")
    }
  }

  private func checkDeadline(
    _ id: String, _ order: Folded<Domain.Order>, _ report: inout AuditReport
  ) async throws(JournalError) {
    let stream = StreamKey(category: Domain.Order.category, id: id)
    do throws(JournalError) {
      guard let due = try await orders.deadlines(of: stream).map(\.dueAt).min() else {
        // It may have gone on since, or behind what could be read of its journal.
        if try await orders.version(of: stream) == order.version {
          report.add("P4", id, "waits in \(order.state.phase.rawValue) without a deadline")
        }
        return
      }
      if now.ms - due.milliseconds > grace.wholeMs {
        report.add("P4", id, "\(order.state.phase.rawValue) is past its deadline")
      }
    } catch { try tell(error, stream.text, &report) }
  }
}
