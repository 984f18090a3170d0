/// The order: from the customer's tap to the doorstep. It alone decides its state; what payment,
/// store and delivery say is a request that it takes or ignores.
public enum Order: Decider {
  /// The most lines one order may have.
  public static let linesMax = 50
  /// The most of one item.
  public static let quantityMax = 99

  public static let name = "Order"
  public static let initial = OrderState()

  public static func phase(of state: OrderState) -> OrderPhase { state.phase }
  public static func kind(of command: OrderCommand) -> OrderCommandKind { command.kind }
  public static func kind(of event: OrderEvent) -> OrderEventKind { event.kind }

  public static func isOwner(
    _ principal: Principal, of state: OrderState, for command: OrderCommand
  ) -> Bool {
    switch principal.role {
    case .operator, .service: return true
    case .store, .rider: return false
    case .customer:
      if let draft = state.draft { return draft.customer.rawValue == principal.id }
      guard case .submit(let draft) = command else { return false }
      return draft.customer.rawValue == principal.id
    }
  }

  public static func isVisible(_ state: OrderState, to principal: Principal) -> Bool {
    state.isVisible(to: principal)
  }
}

extension OrderState {
  /// Whether this principal may see the order: its customer, its store once it is paid, its
  /// assigned rider, an operator, our services.
  public func isVisible(to principal: Principal) -> Bool {
    guard let draft else { return false }
    return switch principal.role {
    case .customer: draft.customer.rawValue == principal.id
    case .store: isPaid && draft.store.rawValue == principal.id
    case .rider: rider.map { $0.rawValue == principal.id } ?? false
    case .operator, .service: true
    }
  }

  /// Whether this principal may see where the order goes: whoever may see it, but not its store.
  public func isAddressVisible(to principal: Principal) -> Bool {
    principal.role != .store && isVisible(to: principal)
  }
}
