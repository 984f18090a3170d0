/// Bringing one order from its store to the door.
public enum Delivery: Decider {
  /// The most riders remembered as passed over.
  public static let passedOverMax = 50

  public static let name = "Delivery"
  public static let initial = DeliveryState()

  public static func phase(of state: DeliveryState) -> DeliveryPhase { state.phase }
  public static func kind(of command: DeliveryCommand) -> DeliveryCommandKind { command.kind }
  public static func kind(of event: DeliveryEvent) -> DeliveryEventKind { event.kind }

  /// A rider speaks only for themselves; once assigned, only the assigned one is heard.
  public static func isOwner(
    _ principal: Principal, of state: DeliveryState, for command: DeliveryCommand
  ) -> Bool {
    switch principal.role {
    case .service, .operator: return true
    case .customer, .store: return false
    case .rider: break
    }
    switch command {
    case .claim(let rider):
      return rider.rawValue == principal.id
    case .declineOffer(let rider):
      let wasAsked = state.rider == rider || state.passedOver.contains(rider)
      return rider.rawValue == principal.id && wasAsked
    case .start(let rider), .pickUp(let rider), .complete(let rider):
      return rider.rawValue == principal.id && state.rider == rider
    case .unassign:
      return state.rider.map { $0.rawValue == principal.id } ?? false
    default: return false
    }
  }

  public static func isVisible(_ state: DeliveryState, to principal: Principal) -> Bool {
    state.isVisible(to: principal)
  }
}

extension DeliveryState {
  /// Whether this principal may see the delivery: the rider asked or assigned, every rider while
  /// it waits, an operator, our services.
  public func isVisible(to principal: Principal) -> Bool {
    switch principal.role {
    case .operator, .service: return phase != .none
    case .customer, .store: return false
    case .rider:
      if phase == .waiting || phase == .escalated { return true }
      return rider.map { $0.rawValue == principal.id } ?? false
    }
  }
}
