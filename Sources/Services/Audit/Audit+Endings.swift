import Domain
import Journal

/// P4: what waits has a deadline, and what hangs on an order that is over has ended, as it has.
extension Audit {
  /// - Parameters:
  ///   - kind: the deadline that watches over the state it is in.
  ///   - more: how long past its deadline it may be, besides the grace.
  func checkDeadline<Aggregate: Audited>(
    _ kind: Aggregate.DeadlineKind, _ id: String, _ folded: Folded<Aggregate>,
    _ journal: any AuditSource, allowing more: Duration = .zero, _ report: inout AuditReport
  ) async throws(JournalError) {
    let stream = StreamKey(category: Aggregate.category, id: id)
    let what = "\(Aggregate.category) \(Aggregate.phase(of: folded.state).rawValue)"
    do throws(JournalError) {
      let rows = try await journal.deadlines(of: stream)
      guard let due = rows.first(where: { $0.key.kind == kind.rawValue })?.dueAt else {
        // It may have gone on since, or behind what could be read of its journal.
        if try await journal.version(of: stream) == folded.version {
          report.add("P4", id, "\(what) waits without its deadline \(kind.rawValue)")
        }
        return
      }
      if isOverdue(max(Timestamp(ms: due.milliseconds), folded.lastAt), by: more) {
        report.add("P4", id, "\(what) is past its deadline \(kind.rawValue)")
      }
    } catch { try tell(error, stream.text, &report) }
  }

  /// For an order that has been over for longer than the grace.
  func checkEnded(
    _ id: String, _ order: Domain.OrderState, _ tickets: PartitionFold<Domain.Ticket>,
    _ deliveries: PartitionFold<Domain.Delivery>, _ report: inout AuditReport
  ) async throws(JournalError) {
    guard order.phase.isTerminal else { return }
    if let ticket = tickets.aggregates[id], !tickets.isCutShort, ticket.state.isOpen {
      try await checkOpen(id, ticket, stores, order.phase, &report)
    }
    guard let delivery = deliveries.aggregates[id] else { return }
    checkArrival(id, order, delivery.state, &report)
    if !deliveries.isCutShort, delivery.state.isOpen {
      try await checkOpen(id, delivery, self.deliveries, order.phase, &report)
    }
  }

  /// An order whose food has reached the door is delivered, unless it was given up while the rider
  /// was on the way: by people, or by itself when it had heard nothing for too long. That is told,
  /// and held against nobody: who gave it up did not know.
  private func checkArrival(
    _ id: String, _ order: Domain.OrderState, _ delivery: Domain.DeliveryState,
    _ report: inout AuditReport
  ) {
    guard delivery.phase == .delivered, order.phase != .delivered else { return }
    switch order.ending {
    case .cancelled(by: .operator, reason: _), .cancelled(by: .service, reason: _):
      report.count("orders cancelled though delivered")
    default:
      report.add("P4", id, "its delivery is delivered, and the order \(order.phase.rawValue)")
    }
  }

  /// One that was written to lately catches up, and one that was written to since has.
  private func checkOpen<Aggregate: Audited>(
    _ id: String, _ folded: Folded<Aggregate>, _ journal: any AuditSource, _ order: OrderPhase,
    _ report: inout AuditReport
  ) async throws(JournalError) {
    guard isOverdue(folded.lastAt) else { return }
    let stream = StreamKey(category: Aggregate.category, id: id)
    do throws(JournalError) {
      guard try await journal.version(of: stream) == folded.version else { return }
    } catch { return try tell(error, stream.text, &report) }
    let phase = Aggregate.phase(of: folded.state).rawValue
    report.add("P4", id, "its \(Aggregate.category) is \(phase), and the order \(order.rawValue)")
  }
}

extension Domain.TicketState {
  /// The store still has it before its eyes.
  fileprivate var isOpen: Bool {
    switch phase {
    case .none, .refused, .withdrawn, .closed: false
    case .received, .acceptRequested, .confirmed, .cooking, .ready, .cancelAsked: true
    }
  }
}

extension Domain.DeliveryState {
  /// A rider is looked for, or on the way.
  fileprivate var isOpen: Bool {
    switch phase {
    case .none, .delivered, .released: false
    case .waiting, .offered, .assigned, .started, .pickedUp, .escalated: true
    }
  }
}
