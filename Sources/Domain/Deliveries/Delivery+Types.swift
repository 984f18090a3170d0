/// What can be asked of a delivery.
public enum DeliveryCommand: Hashable, Sendable {
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

  public var kind: DeliveryCommandKind {
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
public enum DeliveryCommandKind: String, CaseIterable, Hashable, Sendable {
  case open, offer, claim, declineOffer, offerExpired, foodReady
  case start, pickUp, complete, unassign, release, escalate
}

/// What happened to a delivery.
public enum DeliveryEvent: Hashable, Sendable {
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

  public var kind: DeliveryEventKind {
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
public enum DeliveryEventKind: String, CaseIterable, Hashable, Sendable {
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
public enum DeliveryPhase: String, CaseIterable, Hashable, Sendable {
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
public struct DeliveryJob: Hashable, Sendable {
  public let order: OrderID
  public let store: StoreID
  public let area: Area
  public let address: String

  public init(order: OrderID, store: StoreID, area: Area, address: String) {
    self.order = order
    self.store = store
    self.area = area
    self.address = address
  }
}

/// A delivery as its events tell it.
public struct DeliveryState: Hashable, Sendable {
  public internal(set) var phase: DeliveryPhase = .none
  /// Nil in phase `none`, and when the order was released before the delivery was opened.
  public internal(set) var job: DeliveryJob?
  /// The rider asked in phase `offered`, the assigned one from `assigned` on.
  public internal(set) var rider: RiderID?
  /// Until when the offer stands.
  public internal(set) var offeredUntil: Timestamp?
  /// How many offers were made.
  public internal(set) var rounds = 0
  /// Riders who declined, let an offer lapse or were taken off, most recent last; at most
  /// `Delivery.passedOverMax`.
  public internal(set) var passedOver: [RiderID] = []
  public internal(set) var isFoodReady = false

  public init() {}
}
