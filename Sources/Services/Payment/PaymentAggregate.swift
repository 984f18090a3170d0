public import Domain
import Journal

extension Domain.Payment: JournaledDecider {
  public static var category: String { "payment" }
  public static var codec: PaymentEventCodec { PaymentEventCodec() }

  public static func deadlines(
    after events: [PaymentEvent], from state: Domain.PaymentState, at now: Timestamp,
    policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<PaymentDeadline>] {
    PaymentDeadlines.after(events, from: state, at: now, policy: policy)
  }
}
