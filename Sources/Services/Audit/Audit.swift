package import Domain
package import Journal

/// Reads the journals of order, payment, store and delivery, and checks the promises P1 to P4: each
/// event against what came before it in its stream, and each order against what the others hold
/// of it.
///
/// It goes partition by partition: all streams of one order lie on the same partition of every
/// journal, so that its memory is a sixteenth of what the journals hold, not all of it.
///
/// Nobody is accused of what cannot be known: of what lies behind damage, or of what may have
/// happened between the reading of two journals that grow meanwhile.
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

  /// The whole audit. Damage is reported; an error is a journal that cannot be read at all.
  package func run() async throws(JournalError) -> AuditReport {
    var report = AuditReport()
    for index in try await orders.status().heads.indices {
      try await check(Partition(index), &report)
    }
    return report
  }

  private func check(
    _ partition: Partition, _ report: inout AuditReport
  ) async throws(JournalError) {
    // Tickets are read before orders, orders before payments: what is read later can only know
    // more.
    let tickets = try await fold(Domain.Ticket.self, stores, partition, &report)
    let orders = try await fold(Domain.Order.self, orders, partition, &report)
    let payments = try await fold(Domain.Payment.self, payments, partition, &report)
    let deliveries = try await fold(Domain.Delivery.self, deliveries, partition, &report)
    for (id, order) in orders.sorted {
      report.count("orders")
      report.count("orders \(order.state.phase.rawValue)")
      checkPaid(id, order, payments, &report)
      if let kind = OrderDeadlines.kind(watching: order.state.phase) {
        try await checkDeadline(kind, id, order, self.orders, &report)
      } else if isOverdue(order.lastAt) {
        try await checkEnded(id, order.state, tickets, deliveries, &report)
      }
    }
    for (id, payment) in payments.sorted {
      count(payment.state, &report)
      if let kind = PaymentDeadlines.kind(watching: payment.state.phase) {
        // While the provider is out of reach, as many wait for their turn as it has left open.
        try await checkDeadline(
          kind, id, payment, self.payments, allowing: PaymentDeadlines.refundRetryMax, &report)
      }
      // A refund may lie behind damage.
      guard !payments.isCutShort else { continue }
      try await checkMoney(id, payment, orders, &report)
    }
    for (id, ticket) in tickets.sorted where ticket.state.order != nil {
      report.count("tickets")
      if !orders.hides(id), orders.aggregates[id]?.state.isPaid != true {
        report.add("P1", id, "the store knows of an order that was never paid")
      }
    }
  }

  /// Whether what began then has had its time, and so much more.
  func isOverdue(_ moment: Timestamp, by more: Duration = .zero) -> Bool {
    now.ms(since: moment) > (grace + more).wholeMs
  }
}
