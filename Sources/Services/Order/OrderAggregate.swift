package import Domain
import Journal

extension Domain.Order: JournaledDecider {
  package static var category: String { "order" }
  package static var codec: OrderEventCodec { OrderEventCodec() }

  package static func deadlines(
    after events: [OrderEvent], from state: Domain.OrderState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<OrderDeadline>] {
    OrderDeadlines.after(events, from: state, at: now, policy: policy)
  }
}
