public import Domain
import Journal

extension Domain.Delivery: JournaledDecider {
  public static var category: String { "delivery" }
  public static var codec: DeliveryEventCodec { DeliveryEventCodec() }

  public static func deadlines(
    after events: [DeliveryEvent], from state: Domain.DeliveryState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<DeliveryDeadline>] {
    DeliveryDeadlines.after(events, from: state, at: now, policy: policy)
  }
}

extension Domain.Rider: JournaledDecider {
  public static var category: String { "rider" }
  public static var codec: RiderEventCodec { RiderEventCodec() }
  public typealias DeadlineKind = NoDeadline
}
