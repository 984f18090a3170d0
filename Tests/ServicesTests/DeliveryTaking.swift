import Journal
import Transport

/// Hands events to a closure, as a node's subscriptions do.
struct Taking: Subscriber {
  let name: String
  let interest = EventInterest.all
  let take: @Sendable (RecordedEvent) async throws(RPCError) -> Void

  func handle(_ delivery: Delivery) async throws(DeliveryFailure) {
    do throws(RPCError) { try await take(delivery.event) } catch {
      throw .unavailable("\(error)")
    }
  }
}
