/// What happened to a store's profile and menu. An order service folds the same events into its
/// own `MenuCopy`.
public enum StoreProfileEvent: Hashable, Sendable {
  case registered(StoreDetails)
  case profileChanged(StoreDetails)
  case menuItemPut(MenuItem)
  case menuItemRemoved(MenuItemID)
  case menuItemSoldOut(MenuItemID)
  case menuItemRestocked(MenuItemID)
  case paused(reason: String)
  case resumed

  public var kind: StoreProfileEventKind {
    switch self {
    case .registered: .registered
    case .profileChanged: .profileChanged
    case .menuItemPut: .menuItemPut
    case .menuItemRemoved: .menuItemRemoved
    case .menuItemSoldOut: .menuItemSoldOut
    case .menuItemRestocked: .menuItemRestocked
    case .paused: .paused
    case .resumed: .resumed
    }
  }
}

/// The events without their values.
public enum StoreProfileEventKind: String, CaseIterable, Hashable, Sendable {
  case registered = "StoreRegistered"
  case profileChanged = "StoreProfileChanged"
  case menuItemPut = "MenuItemPut"
  case menuItemRemoved = "MenuItemRemoved"
  case menuItemSoldOut = "MenuItemSoldOut"
  case menuItemRestocked = "MenuItemRestocked"
  case paused = "StorePaused"
  case resumed = "StoreResumed"
}

/// Whether a store takes orders, opening hours aside.
public enum StorePhase: String, CaseIterable, Hashable, Sendable {
  case none
  case active
  case paused
}

/// A store as its events tell it.
public struct StoreProfileState: Hashable, Sendable {
  /// Profile and menu.
  public internal(set) var menu = MenuCopy()

  public init() {}

  public var phase: StorePhase {
    guard menu.details != nil else { return .none }
    return menu.pausedReason == nil ? .active : .paused
  }
}
