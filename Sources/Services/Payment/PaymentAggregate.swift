package import Domain
import Journal

extension Domain.Payment: JournaledDecider {
  package static var category: String { "payment" }
  package static var codec: PaymentEventCodec { PaymentEventCodec() }

  package static func deadlines(
    after events: [PaymentEvent], from state: Domain.PaymentState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<PaymentDeadline>] {
    PaymentDeadlines.after(events, from: state, at: now, policy: policy)
  }
}
