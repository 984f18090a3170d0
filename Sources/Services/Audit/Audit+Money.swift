import Domain
import Journal

/// What payments say beside their orders. What the events of one payment say among themselves is
/// checked as they are read (`Audited`).
extension Audit {
  func count(_ state: Domain.PaymentState, _ report: inout AuditReport) {
    report.count("payments")
    report.count("won captured", state.captured.amount)
    report.count("won kept", state.kept.amount)
    report.count("won refunded", state.refunded.amount)
    report.count("won held", state.held.amount)
  }

  /// P1, and that an order that went on was paid with its total.
  func checkPaid(
    _ id: String, _ order: Folded<Domain.Order>, _ payments: PartitionFold<Domain.Payment>,
    _ report: inout AuditReport
  ) {
    guard order.state.isPaid, !payments.hides(id) else { return }
    guard let captured = payments.aggregates[id]?.state.captured, captured > .zero else {
      report.add("P1", id, "placed without a captured payment")
      return
    }
    if let total = order.state.draft?.total, captured != total {
      report.add("P3", id, "captured \(captured) for an order of \(total)")
    }
  }

  /// P3: once the order is over nothing is held, and nothing is kept that is not ours.
  func checkMoney(
    _ id: String, _ payment: Folded<Domain.Payment>, _ orders: PartitionFold<Domain.Order>,
    _ report: inout AuditReport
  ) async throws(JournalError) {
    guard !orders.hides(id) else { return }
    guard let order = orders.aggregates[id] else {
      return try await checkOrderIsThere(id, payment, &report)
    }
    let (state, phase) = (payment.state, order.state.phase)
    guard phase.isTerminal else { return }
    // Needs no time: only a delivered order is settled, and what is over stays as it is.
    if phase != .delivered, state.kept > .zero {
      report.add("P3", id, "\(state.kept) are kept, and the order is \(phase.rawValue)")
    }
    let failures = state.refunds.filter { !$0.isDone }.map(\.failures).max() ?? 0
    // While the provider is out of reach, the next try waits for its turn.
    let pause = failures > 0 ? PaymentDeadlines.refundRetryMax : .zero
    guard isOverdue(max(order.movedAt, payment.movedAt), by: pause) else {
      if state.held > .zero { report.count("refunds under way") }
      return
    }
    if state.held > .zero {
      let refused = failures > 0 ? ", and the refund failed \(failures) times" : ""
      report.add("P3", id, "\(state.held) are still held, and the order is over\(refused)")
    }
    checkOffers(id, state, promised: order.state.refunded, &report)
  }

  /// What the customer was promised for what was left out went back; of what an operator had given
  /// back before, as much as was left. So with less than promised there is nothing left to keep.
  private func checkOffers(
    _ id: String, _ state: Domain.PaymentState, promised: Won, _ report: inout AuditReport
  ) {
    let amounts = state.refunds.lazy.filter(\.key.isOffer).map(\.amount)
    // A refund is only ever added within what was captured, so the sum cannot overflow.
    let given = (try? Won.sum(amounts)) ?? .max
    guard given > promised || (given < promised && state.kept > .zero) else { return }
    report.add("P3", id, "\(promised) were promised back by offers, and \(given) were asked back")
  }

  /// P2: the order was on disk before its payment was asked for, so it has been lost.
  private func checkOrderIsThere(
    _ id: String, _ payment: Folded<Domain.Payment>, _ report: inout AuditReport
  ) async throws(JournalError) {
    guard payment.state.captured > .zero, isOverdue(payment.movedAt) else { return }
    let stream = StreamKey(category: Domain.Order.category, id: id)
    do throws(JournalError) {
      // Whatever the clocks say, one that was placed since is there now.
      guard try await orders.version(of: stream) == .none else { return }
    } catch { return try tell(error, stream.text, &report) }
    report.add("P2", id, "captured \(payment.state.captured), and there is no such order")
  }
}
