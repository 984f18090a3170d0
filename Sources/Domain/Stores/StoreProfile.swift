/// A store's profile and menu, changed by its owner.
public enum StoreProfile: Decider {
  /// The most items a menu may have.
  public static let itemsMax = 500
  /// The most areas a store may deliver to.
  public static let areasMax = 100
  /// The most an item may cost, so that no order of allowed size overflows.
  public static let priceMax: Int64 = 100_000_000

  public static let name = "Store"
  public static let initial = StoreProfileState()

  public static func phase(of state: StoreProfileState) -> StorePhase { state.phase }
  public static func kind(of command: StoreProfileCommand) -> StoreProfileCommandKind {
    command.kind
  }
  public static func kind(of event: StoreProfileEvent) -> StoreProfileEventKind { event.kind }

  public static func isOwner(
    _ principal: Principal, of state: StoreProfileState, for command: StoreProfileCommand
  ) -> Bool {
    if principal.role == .operator { return true }
    if let details = state.menu.details { return details.id.rawValue == principal.id }
    guard case .register(let details) = command else { return false }
    return details.id.rawValue == principal.id
  }

  /// Everybody may see a store.
  public static func isVisible(_ state: StoreProfileState, to principal: Principal) -> Bool {
    state.phase != .none
  }

  public typealias Table =
    TransitionTable<StorePhase, StoreProfileCommandKind, StoreProfileEventKind>

  private static let owners: [Role] = [.store, .operator]
  private static let existing: [StorePhase] = [.active, .paused]

  public static let table = Table([
    .on(
      .register, in: [.none], by: owners, .to(.active, .registered),
      when: "the owner's own id"),
    .on(.register, in: existing, by: owners, .ignored, when: "the same profile, else conflict"),
    .on(
      .changeProfile, in: existing, by: owners, .stay(.profileChanged), .ignored,
      when: "the id stays; ignored when nothing changes"),
    .on(
      .putMenuItem, in: existing, by: owners, .stay(.menuItemPut), .ignored,
      when: "ignored when nothing changes"),
    .on(.removeMenuItem, in: existing, by: owners, .stay(.menuItemRemoved), .ignored),
    .on(
      .markSoldOut, in: existing, by: owners, .stay(.menuItemSoldOut), .ignored,
      when: "an item of the menu"),
    .on(
      .restock, in: existing, by: owners, .stay(.menuItemRestocked), .ignored,
      when: "an item of the menu"),
    .on(.pause, in: [.active], by: owners, .to(.paused, .paused)),
    .on(.pause, in: [.paused], by: owners, .ignored),
    .on(.resume, in: [.paused], by: owners, .to(.active, .resumed)),
    .on(.resume, in: [.active], by: owners, .ignored),
  ])

  public static func evolve(
    _ state: StoreProfileState, _ event: StoreProfileEvent
  ) -> StoreProfileState {
    var next = state
    next.menu.fold(event)
    return next
  }
}
