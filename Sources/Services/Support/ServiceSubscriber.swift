package import Journal
package import Transport

/// A saga's side as a subscriber: the effect of one event, and how its errors count.
package struct ServiceSubscriber: Subscriber {
  package let name: String
  package let interest: EventInterest
  private let take: @Sendable (RecordedEvent) async throws(RPCError) -> Void

  package init(
    name: String, interest: EventInterest,
    take: @escaping @Sendable (RecordedEvent) async throws(RPCError) -> Void
  ) {
    self.name = name
    self.interest = interest
    self.take = take
  }

  package func handle(_ delivery: Delivery) async throws(DeliveryFailure) {
    do throws(RPCError) { try await take(delivery.event) } catch {
      throw DeliveryFailure(error)
    }
  }
}

extension DeliveryFailure {
  /// What is away comes back, and a disk that does not say whether it has written does in the end:
  /// the inbox mark tells then. A refusal or damage never turns into something else; the rest is
  /// tried a few times.
  package init(_ error: RPCError) {
    switch error.code {
    case .unavailable, .resourceExhausted, .deadlineExceeded, .cancelled, .aborted,
      .unknown:
      self = .unavailable("\(error)")
    case .failedPrecondition, .invalidArgument, .permissionDenied, .alreadyExists, .notFound,
      .dataLoss, .unimplemented:
      self = .poison("\(error)")
    default: self = .failed("\(error)")
    }
  }
}
