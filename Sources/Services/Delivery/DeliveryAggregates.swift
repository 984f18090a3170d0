package import Domain
import Journal

extension Domain.Delivery: JournaledDecider {
  package static var category: String { "delivery" }
  package static var codec: DeliveryEventCodec { DeliveryEventCodec() }

  package static func deadlines(
    after events: [DeliveryEvent], from state: Domain.DeliveryState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<DeliveryDeadline>] {
    DeliveryDeadlines.after(events, from: state, at: now, policy: policy)
  }
}

extension Domain.Rider: JournaledDecider {
  package static var category: String { "rider" }
  package static var codec: RiderEventCodec { RiderEventCodec() }
  package typealias DeadlineKind = NoDeadline
}
