/// A rider: who they are, and whether they take deliveries now.
public enum Rider: Decider {
  /// The most areas a rider may work in.
  public static let areasMax = 100

  public static let name = "Rider"
  public static let initial = RiderState()

  public static func phase(of state: RiderState) -> RiderPhase { state.phase }
  public static func kind(of command: RiderCommand) -> RiderCommandKind { command.kind }
  public static func kind(of event: RiderEvent) -> RiderEventKind { event.kind }

  public static func isOwner(
    _ principal: Principal, of state: RiderState, for command: RiderCommand
  ) -> Bool {
    if principal.role == .operator { return true }
    if let profile = state.profile { return profile.id.rawValue == principal.id }
    guard case .register(let profile) = command else { return false }
    return profile.id.rawValue == principal.id
  }

  public static func isVisible(_ state: RiderState, to principal: Principal) -> Bool {
    state.isVisible(to: principal)
  }

  public typealias Table = TransitionTable<RiderPhase, RiderCommandKind, RiderEventKind>

  private static let owners: [Role] = [.rider, .operator]
  private static let existing: [RiderPhase] = [.offline, .online]

  public static let table = Table([
    .on(
      .register, in: [.none], by: owners, .to(.offline, .registered),
      when: "the rider's own id"),
    .on(.register, in: existing, by: owners, .ignored, when: "the same profile, else conflict"),
    .on(
      .changeProfile, in: existing, by: owners, .stay(.profileChanged), .ignored,
      when: "the id stays; ignored when nothing changes"),
    .on(.goOnline, in: [.offline], by: owners, .to(.online, .wentOnline)),
    .on(.goOnline, in: [.online], by: owners, .ignored),
    .on(.goOffline, in: [.online], by: owners, .to(.offline, .wentOffline)),
    .on(.goOffline, in: [.offline], by: owners, .ignored),
  ])

  public static func events(
    for command: RiderCommand, state: RiderState, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [RiderEvent] {
    switch command {
    case .register(let profile):
      if let existing = state.profile {
        guard existing == profile else {
          throw Rejection(.conflict, "rider \(existing.id) is registered already")
        }
        return []
      }
      try check(profile)
      return [.registered(profile)]
    case .changeProfile(let profile):
      guard profile.id == state.profile?.id else {
        throw Rejection(.invalid, "a rider's id does not change")
      }
      try check(profile)
      return profile == state.profile ? [] : [.profileChanged(profile)]
    case .goOnline: return state.phase == .online ? [] : [.wentOnline]
    case .goOffline: return state.phase == .offline ? [] : [.wentOffline]
    }
  }

  public static func evolve(_ state: RiderState, _ event: RiderEvent) -> RiderState {
    var next = state
    switch (state.phase, event) {
    case (.none, .registered(let profile)):
      next.phase = .offline
      next.profile = profile
    case (.none, _), (_, .registered): return state
    case (_, .profileChanged(let profile)): next.profile = profile
    case (_, .wentOnline): next.phase = .online
    case (_, .wentOffline): next.phase = .offline
    }
    return next
  }

  private static func check(_ profile: RiderProfile) throws(Rejection) {
    try TextLimit.check("rider name", profile.name, maxBytes: TextLimit.nameMaxBytes)
    guard !profile.areas.isEmpty, profile.areas.count <= areasMax else {
      throw Rejection(.invalid, "a rider works in 1 to \(areasMax) areas")
    }
  }
}

extension RiderState {
  /// Whether this principal may see the rider: themselves, an operator, our services.
  public func isVisible(to principal: Principal) -> Bool {
    switch principal.role {
    case .operator, .service: phase != .none
    case .rider: profile.map { $0.id.rawValue == principal.id } ?? false
    case .customer, .store: false
    }
  }
}
