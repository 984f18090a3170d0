public import Domain
import Journal

extension Domain.Order: JournaledDecider {
  public static var category: String { "order" }
  public static var codec: OrderEventCodec { OrderEventCodec() }

  public static func deadlines(
    after events: [OrderEvent], from state: Domain.OrderState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<OrderDeadline>] {
    OrderDeadlines.after(events, from: state, at: now, policy: policy)
  }
}
