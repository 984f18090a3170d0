package import Domain
package import Journal
import Messages

/// Ticket events as they are stored and sent.
package struct TicketEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: TicketEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .received(let order): try EventMapping.encode(TicketReceived(order))
    case .accepted(let minutes):
      try EventMapping.encode(TicketAccepted(etaMinutes: UInt32(clamping: minutes)))
    case .refused(let reason): try EventMapping.encode(TicketRefused(reason: reason))
    case .confirmed: try EventMapping.encode(TicketConfirmed())
    case .withdrawn(let reason): try EventMapping.encode(TicketWithdrawn(reason: reason))
    case .cookingStarted: try EventMapping.encode(TicketCookingStarted())
    case .cookingFinished: try EventMapping.encode(TicketCookingFinished())
    case .cancelAsked(let reason): try EventMapping.encode(TicketCancelAsked(reason: reason))
    case .cancelAgreed: try EventMapping.encode(TicketCancelAgreed())
    case .cancelDeclined: try EventMapping.encode(TicketCancelDeclined())
    case .refundOffered(let number, let items, let reason):
      try EventMapping.encode(
        TicketRefundOffered(
          number: UInt32(clamping: number), items: items.map(Messages.OfferedItem.init),
          reason: reason))
    case .offerAnswered(let answer):
      try EventMapping.encode(
        TicketOfferAnswered(
          number: UInt32(clamping: answer.number), answer: .init(answer.accepted)))
    case .closed: try EventMapping.encode(TicketClosed())
    }
  }

  package func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> TicketEvent {
    let stored = StoredMessage(type: type, payload: payload)
    return switch type {
    case TicketReceived.fullName:
      .received(try EventMapping.decode(TicketReceived.self, payload).stored())
    case TicketAccepted.fullName:
      try stored.read { (message: TicketAccepted) in
        .accepted(etaMinutes: Int(message.etaMinutes))
      }
    case TicketRefused.fullName:
      try stored.read { (message: TicketRefused) in .refused(reason: message.reason) }
    case TicketConfirmed.fullName: try stored.read { (_: TicketConfirmed) in .confirmed }
    case TicketWithdrawn.fullName:
      try stored.read { (message: TicketWithdrawn) in .withdrawn(reason: message.reason) }
    case TicketCookingStarted.fullName:
      try stored.read { (_: TicketCookingStarted) in .cookingStarted }
    case TicketCookingFinished.fullName:
      try stored.read { (_: TicketCookingFinished) in .cookingFinished }
    case TicketCancelAsked.fullName:
      try stored.read { (message: TicketCancelAsked) in .cancelAsked(reason: message.reason) }
    case TicketCancelAgreed.fullName: try stored.read { (_: TicketCancelAgreed) in .cancelAgreed }
    case TicketCancelDeclined.fullName:
      try stored.read { (_: TicketCancelDeclined) in .cancelDeclined }
    case TicketRefundOffered.fullName:
      try EventMapping.decode(TicketRefundOffered.self, payload).stored()
    case TicketOfferAnswered.fullName:
      try EventMapping.decode(TicketOfferAnswered.self, payload).stored()
    case TicketClosed.fullName: try stored.read { (_: TicketClosed) in .closed }
    default: throw .unknownType(type)
    }
  }
}

extension TicketRefundOffered {
  fileprivate func stored() throws(EventCodecError) -> TicketEvent {
    .refundOffered(number: Int(number), items: try items.stored(), reason: reason)
  }
}

extension TicketOfferAnswered {
  fileprivate func stored() throws(EventCodecError) -> TicketEvent {
    switch answer {
    case .accepted, .declined:
      .offerAnswered(Domain.OfferAnswer(number: Int(number), accepted: answer == .accepted))
    case .unspecified, .unrecognized:
      throw .malformed("an offer was answered in an unknown way: \(answer.rawValue)")
    }
  }
}
