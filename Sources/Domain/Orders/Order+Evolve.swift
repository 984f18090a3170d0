extension Order {
  /// The first event of a stream is `submitted`; after the end nothing changes any more.
  public static func evolve(_ state: OrderState, _ event: OrderEvent) -> OrderState {
    var next = state
    if case .submitted(let draft) = event, state.phase == .none {
      next.phase = .pendingPayment
      next.draft = draft
      next.paymentMethod = draft.paymentMethod
      next.attempt = draft.paymentMethod == nil ? 0 : 1
      return next
    }
    guard state.phase != .none, !state.phase.isTerminal else { return state }
    switch event {
    case .submitted: break
    case .paymentRequested(let attempt, let method):
      next.phase = .pendingPayment
      next.attempt = attempt
      next.paymentMethod = method ?? state.paymentMethod
    case .placed:
      next.phase = .placed
      next.isPaid = true
    case .parked(_, let until):
      next.phase = .awaitingPayment
      next.parkedUntil = until
    case .paymentUnknown: next.phase = .paymentUnknown
    case .receivedByStore(let moment): next.storeReceivedAt = moment
    case .accepted(let minutes, _, _, _):
      next.phase = .accepted
      next.etaMinutes = minutes
    case .refundOffered(let offer):
      next.offer = offer
      next.offersSeen = offer.number
    case .refundAccepted(let number, let amount, _):
      // Sums of parts of a total that is a valid amount itself.
      next.refunded = (try? state.refunded.adding(amount)) ?? state.refunded
      next.leftOut += state.offer?.items ?? []
      next.offer = nil
      next.lastAnswer = OfferAnswer(number: number, accepted: true)
    case .refundDeclined(let number):
      next.offer = nil
      next.lastAnswer = OfferAnswer(number: number, accepted: false)
    case .cookingStarted: next.phase = .cooking
    case .cookingFinished: next.phase = .ready
    case .deliveryStarted(let rider):
      next.phase = .deliveryStarted
      next.rider = rider
    case .pickedUp: next.phase = .pickedUp
    case .delivered: next.phase = .delivered
    case .cancelRequested(let reason):
      next.phase = .cancelRequested
      next.cancelReason = reason
    case .cancelDeclined: next.phase = .accepted
    case .rejected(let reason):
      next.phase = .rejected
      next.ending = .rejected(reason)
    case .cancelled(let role, let reason):
      next.phase = .cancelled
      next.ending = .cancelled(by: role, reason: reason)
    case .expired(let reason):
      next.phase = .expired
      next.ending = .expired(reason)
    }
    return next
  }
}
