/// An order as its store sees it. The store's acceptance is a request: cooking waits until the
/// order has confirmed it.
public enum Ticket: Decider {
  /// The longest time to cook a store may announce, in minutes.
  public static let etaMinutesMax = 240

  public static let name = "Ticket"
  public static let initial = TicketState()

  public static func phase(of state: TicketState) -> TicketPhase { state.phase }
  public static func kind(of command: TicketCommand) -> TicketCommandKind { command.kind }
  public static func kind(of event: TicketEvent) -> TicketEventKind { event.kind }

  public static func isOwner(
    _ principal: Principal, of state: TicketState, for command: TicketCommand
  ) -> Bool {
    switch principal.role {
    case .service, .operator: true
    case .store: state.order.map { $0.store.rawValue == principal.id } ?? false
    case .customer, .rider: false
    }
  }

  public static func isVisible(_ state: TicketState, to principal: Principal) -> Bool {
    state.isVisible(to: principal)
  }

  public typealias Table = TransitionTable<TicketPhase, TicketCommandKind, TicketEventKind>

  private static let existing = TicketPhase.allCases.filter { $0 != .none }
  private static let over: [TicketPhase] = [.refused, .withdrawn, .closed]

  public static let table = Table([
    .on(.receive, in: [.none], by: [.service], .to(.received, .received)),
    .on(.receive, in: existing, by: [.service], .ignored, when: "also after a withdrawal"),
    .on(
      .accept, in: [.received], by: [.store], .to(.acceptRequested, .accepted),
      when: "1 to 240 minutes"),
    .on(.accept, in: [.acceptRequested, .confirmed], by: [.store], .ignored),
    .on(.refuse, in: [.received], by: [.store], .to(.refused, .refused)),
    .on(.refuse, in: [.refused], by: [.store], .ignored),
    .on(
      .confirm, in: [.acceptRequested, .cancelAsked], by: [.service], .to(.confirmed, .confirmed),
      when: "in cancelAsked: the order stands, whatever its customer wished"),
    .on(
      .confirm, in: [.confirmed, .cooking, .ready, .withdrawn, .closed], by: [.service], .ignored),
    .on(
      .withdraw,
      in: [.none, .received, .acceptRequested, .confirmed, .cooking, .ready, .cancelAsked],
      by: [.service], .to(.withdrawn, .withdrawn)),
    .on(.withdraw, in: over, by: [.service], .ignored),
    .on(
      .startCooking, in: [.confirmed, .cancelAsked], by: [.store], .to(.cooking, .cookingStarted),
      when: "in cancelAsked: declines by cooking"),
    .on(.startCooking, in: [.cooking], by: [.store], .ignored),
    .on(.finishCooking, in: [.cooking], by: [.store], .to(.ready, .cookingFinished)),
    .on(.finishCooking, in: [.ready], by: [.store], .ignored),
    .on(.askCancel, in: [.confirmed], by: [.service], .to(.cancelAsked, .cancelAsked)),
    .on(
      .askCancel, in: [.cancelAsked, .cooking, .ready] + over, by: [.service], .ignored,
      when: "once cooking has begun, that is the answer"),
    .on(
      .agreeCancel, in: [.cancelAsked], by: [.store, .operator], .to(.withdrawn, .cancelAgreed)),
    .on(.agreeCancel, in: [.withdrawn], by: [.store, .operator], .ignored),
    .on(
      .declineCancel, in: [.cancelAsked], by: [.store, .operator],
      .to(.confirmed, .cancelDeclined)),
    .on(.declineCancel, in: [.confirmed, .cooking], by: [.store, .operator], .ignored),
    .on(
      .offerRefund, in: [.confirmed, .cancelAsked, .cooking, .ready], by: [.store],
      .stay(.refundOffered), .ignored,
      when: "of what is in the order, not all of it, one at a time; the same again is ignored "
        + "while it waits, under its own number later too; other items under that conflict"),
    .on(
      .recordAnswer, in: [.confirmed, .cancelAsked, .cooking, .ready], by: [.service],
      .stay(.offerAnswered), .ignored, when: "once"),
    .on(.recordAnswer, in: over, by: [.service], .ignored),
    .on(.close, in: [.ready], by: [.service], .to(.closed, .closed)),
    .on(.close, in: over, by: [.service], .ignored),
  ])
}

extension TicketState {
  /// Whether this principal may see the ticket: its store, an operator, our services.
  public func isVisible(to principal: Principal) -> Bool {
    switch principal.role {
    case .store: order.map { $0.store.rawValue == principal.id } ?? false
    case .operator, .service: phase != .none
    case .customer, .rider: false
    }
  }
}
