package import Domain
package import Journal
import Messages

/// Delivery events as they are stored and sent.
package struct DeliveryEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: DeliveryEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .opened(let job):
      try EventMapping.encode(
        DeliveryOpened(
          orderID: job.order.rawValue, storeID: job.store.rawValue, area: job.area.name,
          address: job.address))
    case .offered(let rider, let until, let round):
      try EventMapping.encode(
        DeliveryOffered(
          riderID: rider.rawValue, untilMs: until.ms, round: UInt32(clamping: round)))
    case .offerDeclined(let rider):
      try EventMapping.encode(DeliveryOfferDeclined(riderID: rider.rawValue))
    case .offerExpired(let rider, let round):
      try EventMapping.encode(
        DeliveryOfferExpired(riderID: rider.rawValue, round: UInt32(clamping: round)))
    case .assigned(let rider): try EventMapping.encode(DeliveryAssigned(riderID: rider.rawValue))
    case .foodReady: try EventMapping.encode(DeliveryFoodReady())
    case .started(let rider): try EventMapping.encode(DeliveryStarted(riderID: rider.rawValue))
    case .pickedUp(let rider): try EventMapping.encode(DeliveryPickedUp(riderID: rider.rawValue))
    case .completed(let rider): try EventMapping.encode(DeliveryCompleted(riderID: rider.rawValue))
    case .unassigned(let rider, let reason):
      try EventMapping.encode(DeliveryUnassigned(riderID: rider.rawValue, reason: reason))
    case .released(let reason): try EventMapping.encode(DeliveryReleased(reason: reason))
    case .escalated: try EventMapping.encode(DeliveryEscalated())
    }
  }

  package func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> DeliveryEvent {
    let stored = StoredMessage(type: type, payload: payload)
    switch type {
    case DeliveryOpened.fullName:
      return try stored.read { (message: DeliveryOpened) throws(Rejection) in
        .opened(try DeliveryJob(message))
      }
    case DeliveryFoodReady.fullName:
      return try stored.read { (_: DeliveryFoodReady) in .foodReady }
    case DeliveryReleased.fullName:
      return try stored.read { (message: DeliveryReleased) in .released(reason: message.reason) }
    case DeliveryEscalated.fullName:
      return try stored.read { (_: DeliveryEscalated) in .escalated }
    default: return try decodeOfRider(stored)
    }
  }

  private func decodeOfRider(
    _ stored: StoredMessage
  ) throws(EventCodecError) -> DeliveryEvent {
    switch stored.type {
    case DeliveryOffered.fullName:
      try stored.read { (message: DeliveryOffered) throws(Rejection) in
        .offered(
          rider: try RiderID(message.riderID), until: Timestamp(ms: message.untilMs),
          round: Int(message.round))
      }
    case DeliveryOfferDeclined.fullName:
      try stored.read { (message: DeliveryOfferDeclined) throws(Rejection) in
        .offerDeclined(rider: try RiderID(message.riderID))
      }
    case DeliveryOfferExpired.fullName:
      try stored.read { (message: DeliveryOfferExpired) throws(Rejection) in
        .offerExpired(rider: try RiderID(message.riderID), round: Int(message.round))
      }
    case DeliveryAssigned.fullName:
      try stored.read { (message: DeliveryAssigned) throws(Rejection) in
        .assigned(rider: try RiderID(message.riderID))
      }
    case DeliveryStarted.fullName:
      try stored.read { (message: DeliveryStarted) throws(Rejection) in
        .started(rider: try RiderID(message.riderID))
      }
    case DeliveryPickedUp.fullName:
      try stored.read { (message: DeliveryPickedUp) throws(Rejection) in
        .pickedUp(rider: try RiderID(message.riderID))
      }
    case DeliveryCompleted.fullName:
      try stored.read { (message: DeliveryCompleted) throws(Rejection) in
        .completed(rider: try RiderID(message.riderID))
      }
    case DeliveryUnassigned.fullName:
      try stored.read { (message: DeliveryUnassigned) throws(Rejection) in
        .unassigned(rider: try RiderID(message.riderID), reason: message.reason)
      }
    default: throw .unknownType(stored.type)
    }
  }
}
