/// What can be asked of a delivery.
package enum DeliveryCommand: Hashable, Sendable {
  case open(DeliveryJob)
  /// Ask one rider, until then.
  case offer(rider: RiderID, until: Timestamp)
  /// Take it, from an offer or from what waits.
  case claim(rider: RiderID)
  case declineOffer(rider: RiderID)
  /// The offer of this round was not answered.
  case offerExpired(round: Int)
  case foodReady
  /// 배달 시작: the rider sets out.
  case start(rider: RiderID)
  case pickUp(rider: RiderID)
  case complete(rider: RiderID)
  /// The assigned rider is taken off before setting out.
  case unassign(reason: String)
  /// The order ended.
  case release(reason: String)
  /// No rider was found: people look at it.
  case escalate

  package var kind: DeliveryCommandKind {
    switch self {
    case .open: .open
    case .offer: .offer
    case .claim: .claim
    case .declineOffer: .declineOffer
    case .offerExpired: .offerExpired
    case .foodReady: .foodReady
    case .start: .start
    case .pickUp: .pickUp
    case .complete: .complete
    case .unassign: .unassign
    case .release: .release
    case .escalate: .escalate
    }
  }
}

/// The commands without their values.
package enum DeliveryCommandKind: String, CaseIterable, Hashable, Sendable {
  case open, offer, claim, declineOffer, offerExpired, foodReady
  case start, pickUp, complete, unassign, release, escalate
}

/// What happened to a delivery.
package enum DeliveryEvent: Hashable, Sendable {
  case opened(DeliveryJob)
  /// `round` counts the offers of this delivery, from 1.
  case offered(rider: RiderID, until: Timestamp, round: Int)
  case offerDeclined(rider: RiderID)
  case offerExpired(rider: RiderID, round: Int)
  case assigned(rider: RiderID)
  case foodReady
  case started(rider: RiderID)
  case pickedUp(rider: RiderID)
  case completed(rider: RiderID)
  case unassigned(rider: RiderID, reason: String)
  case released(reason: String)
  case escalated

  package var kind: DeliveryEventKind {
    switch self {
    case .opened: .opened
    case .offered: .offered
    case .offerDeclined: .offerDeclined
    case .offerExpired: .offerExpired
    case .assigned: .assigned
    case .foodReady: .foodReady
    case .started: .started
    case .pickedUp: .pickedUp
    case .completed: .completed
    case .unassigned: .unassigned
    case .released: .released
    case .escalated: .escalated
    }
  }
}

/// The events without their values.
package enum DeliveryEventKind: String, CaseIterable, Hashable, Sendable {
  case opened = "DeliveryOpened"
  case offered = "DeliveryOffered"
  case offerDeclined = "DeliveryOfferDeclined"
  case offerExpired = "DeliveryOfferExpired"
  case assigned = "DeliveryAssigned"
  case foodReady = "DeliveryFoodReady"
  case started = "DeliveryStarted"
  case pickedUp = "DeliveryPickedUp"
  case completed = "DeliveryCompleted"
  case unassigned = "DeliveryUnassigned"
  case released = "DeliveryReleased"
  case escalated = "DeliveryEscalated"
}

/// Where a delivery is.
package enum DeliveryPhase: String, CaseIterable, Hashable, Sendable {
  case none
  /// No rider yet; whoever comes online sees it.
  case waiting
  case offered
  case assigned
  case started
  case pickedUp
  case delivered
  case released
  case escalated
}

/// What is to be brought where.
package struct DeliveryJob: Hashable, Sendable {
  package let order: OrderID
  package let store: StoreID
  package let area: Area
  package let address: String

  package init(order: OrderID, store: StoreID, area: Area, address: String) {
    self.order = order
    self.store = store
    self.area = area
    self.address = address
  }
}

/// A delivery as its events tell it.
package struct DeliveryState: Hashable, Sendable {
  package internal(set) var phase: DeliveryPhase = .none
  /// Nil in phase `none`, and when the order was released before the delivery was opened.
  package internal(set) var job: DeliveryJob?
  /// The rider asked in phase `offered`, the assigned one from `assigned` on.
  package internal(set) var rider: RiderID?
  /// Until when the offer stands.
  package internal(set) var offeredUntil: Timestamp?
  /// How many offers were made.
  package internal(set) var rounds = 0
  /// Riders who declined, let an offer lapse or were taken off, most recent last; at most
  /// `Delivery.passedOverMax`.
  package internal(set) var passedOver: [RiderID] = []
  package internal(set) var isFoodReady = false

  package init() {}
}
