extension Order {
  /// The store's offer, priced from what the order itself knows.
  static func offer(
    _ number: Int, _ items: [OfferedItem], _ reason: String, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    let open: [OrderPhase] = [.accepted, .cancelRequested, .cooking, .ready]
    guard open.contains(state.phase), number > state.offersSeen, let draft = state.draft else {
      return []
    }
    let amount = try RefundOffer.value(of: items, in: draft.lines, without: state.leftOut)
    return [
      .refundOffered(
        RefundOffer(
          number: number, items: items, amount: amount, reason: TextLimit.clipped(reason)))
    ]
  }

  static func answer(
    _ answer: OfferAnswer, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    guard let offer = state.offer, offer.number == answer.number else {
      guard state.lastAnswer == answer else {
        throw Rejection(.notFound, "there is no open offer \(answer.number)")
      }
      return []
    }
    guard answer.accepted else { return [.refundDeclined(number: offer.number)] }
    return [.refundAccepted(number: offer.number, amount: offer.amount, reason: offer.reason)]
  }
}
