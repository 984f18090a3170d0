import Journal
import Messages

/// What the world has seen happen, for checks that look at the order of things.
final class Story {
  private(set) var orders: [String] = []
  /// Who placed which order, and for how much.
  private(set) var customers: [String: String] = [:]
  private(set) var totals: [String: Int64] = [:]
  private var placed: Set<String> = []
  private var approved: Set<String> = []
  /// Orders whose store has been asked to let them go, since their customer last wanted that.
  private var asked: Set<String> = []
  /// When orders were delivered, by the clock of the order's node.
  private var completed: [String: Int64] = [:]
  /// What somebody was told has happened: the stream and the version that it had at least.
  private(set) var acknowledged: [StreamKey: Int64] = [:]
  /// Steps that somebody was told have happened.
  private(set) var acknowledgedSteps: [(stream: StreamKey, type: String)] = []

  /// Takes what has become durable, in the order in which it did.
  /// - Parameter clock: the wall clock of the order's node; nil where it is set now and then.
  func take(_ event: RecordedEvent, atOrder clock: Int64?) -> Violation? {
    let id = event.stream.id
    switch event.type {
    case OrderSubmitted.fullName:
      orders.append(id)
      guard let order = try? OrderSubmitted(serialized: event.payload) else { break }
      customers[id] = order.customerID
      totals[id] = order.totalWon
    case PaymentApproved.fullName: approved.insert(id)
    case OrderPlaced.fullName: placed.insert(id)
    case TicketReceived.fullName:
      if !placed.contains(id) || !approved.contains(id) {
        return Violation(
          kind: .storeToldTooEarly, text: "\(id) is not paid, and the store knows it")
      }
    case OrderCancelRequested.fullName: asked.remove(id)
    case TicketCancelAsked.fullName: asked.insert(id)
    case DeliveryCompleted.fullName: completed[id] = clock
    case OrderCancelled.fullName: return judge(event)
    default: break
    }
    return nil
  }

  /// Whether a deadline has ended an order by a silence that was none: of a store that was not
  /// asked, or of a rider who had been at the door before it fell due.
  private func judge(_ event: RecordedEvent) -> Violation? {
    let (id, cause) = (event.stream.id, event.metadata.causationID.split(separator: "/"))
    guard cause.count == 3, cause[0] == "deadline", let due = Int64(cause[2]) else { return nil }
    switch cause[1] {
    case "cancelSilent" where !asked.contains(id):
      return Violation(kind: .cancelledUnasked, text: "the store of \(id) was not asked")
    case "stalled":
      guard let time = completed[id], time < due else { return nil }
      return Violation(
        kind: .cancelledThoughDelivered, text: "\(id) was delivered \(due - time) ms before")
    default: return nil
    }
  }

  /// Somebody was told that an order has got so far.
  func acknowledge(order id: String, version: Int64) {
    let stream = StreamKey(category: "order", id: id)
    acknowledged[stream] = max(acknowledged[stream] ?? 0, version)
  }

  func version(ofOrder id: String) -> Int64 {
    acknowledged[StreamKey(category: "order", id: id)] ?? 0
  }

  /// Somebody was told that this step was taken.
  func acknowledge(_ type: String, of stream: StreamKey) {
    acknowledgedSteps.append((stream, type))
  }
}
