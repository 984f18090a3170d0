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
  /// What somebody was told has happened: the stream and the version that it had at least.
  private(set) var acknowledged: [StreamKey: Int64] = [:]
  /// Steps that somebody was told have happened.
  private(set) var acknowledgedSteps: [(stream: StreamKey, type: String)] = []

  /// Takes what has become durable, in the order in which it did.
  func take(_ event: RecordedEvent) -> Violation? {
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
    default: break
    }
    return nil
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
