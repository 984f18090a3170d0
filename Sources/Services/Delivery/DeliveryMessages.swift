package import Domain
package import Messages

extension Messages.Delivery {
  /// The delivery as it is shown to `viewer`: the address only to whom it concerns.
  init(_ state: Domain.DeliveryState, for viewer: Domain.Principal) {
    self.init(state: .init(state.phase), foodReady: state.isFoodReady)
    riderID = state.rider?.rawValue ?? ""
    offeredUntilMs = state.offeredUntil?.ms ?? 0
    offers = UInt32(clamping: state.rounds)
    guard let job = state.job else { return }
    orderID = job.order.rawValue
    storeID = job.store.rawValue
    area = job.area.name
    if state.showsAddress(to: viewer) { address = job.address }
  }
}

extension Domain.DeliveryState {
  /// Whether this principal may read where it goes: the assigned rider, an operator, our services.
  /// A rider who is only asked decides by the area.
  func showsAddress(to viewer: Domain.Principal) -> Bool {
    switch viewer.role {
    case .operator, .service: return true
    case .customer, .store: return false
    case .rider: break
    }
    switch phase {
    case .assigned, .started, .pickedUp, .delivered: return rider?.rawValue == viewer.id
    case .none, .waiting, .offered, .released, .escalated: return false
    }
  }
}

extension Messages.DeliveryState {
  package init(_ phase: DeliveryPhase) {
    self =
      switch phase {
      case .none: .unspecified
      case .waiting: .waiting
      case .offered: .offered
      case .assigned: .assigned
      case .started: .started
      case .pickedUp: .pickedUp
      case .delivered: .delivered
      case .released: .released
      case .escalated: .escalated
      }
  }
}

extension Messages.Rider {
  /// The rider as the service answers with it.
  init(_ state: RiderState) {
    self.init(profile: state.profile.map(Messages.RiderProfile.init))
    online = state.phase == .online
  }
}
