import Messages
import Transport

/// Follows one order on the dashboard, showing each change as it comes.
struct Follower: Sendable {
  let cast: Cast
  let orderID: String

  /// The order's state on the dashboard when the stream ended.
  func run() async throws -> OrderState {
    var state = OrderState.unspecified
    // The view may not know the order yet.
    let updates = try await cast.wait(for: "\(orderID) on the dashboard") {
      try await begun()
    }
    if let first = updates.first { state = first.order?.state ?? state }
    if let first = updates.first { cast.stage.seen(first) }
    var iterator = updates.rest
    while let update = try await iterator.next() {
      cast.stage.seen(update)
      state = update.order?.state ?? state
    }
    return state
  }

  private func begun() async throws -> Begun? {
    let stream = try await cast.customer.stream(
      DashboardServiceMethods.watchOrder, WatchOrderRequest(orderID: orderID))
    var iterator = stream.makeAsyncIterator()
    let first = try await iterator.next()
    return Begun(first: first, rest: iterator)
  }

  private struct Begun {
    let first: OrderUpdate?
    let rest: MessageStream<OrderUpdate>.Iterator
  }
}
