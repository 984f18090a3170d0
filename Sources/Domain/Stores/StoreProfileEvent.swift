/// What happened to a store's profile and menu. An order service folds the same events into its
/// own `MenuCopy`.
package enum StoreProfileEvent: Hashable, Sendable {
  case registered(StoreDetails)
  case profileChanged(StoreDetails)
  case menuItemPut(MenuItem)
  case menuItemRemoved(MenuItemID)
  case menuItemSoldOut(MenuItemID)
  case menuItemRestocked(MenuItemID)
  case paused(reason: String)
  case resumed

  package var kind: StoreProfileEventKind {
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
package enum StoreProfileEventKind: String, CaseIterable, Hashable, Sendable {
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
package enum StorePhase: String, CaseIterable, Hashable, Sendable {
  case none
  case active
  case paused
}

/// A store as its events tell it.
package struct StoreProfileState: Hashable, Sendable {
  /// Profile and menu.
  package internal(set) var menu = MenuCopy()

  package init() {}

  package var phase: StorePhase {
    guard menu.details != nil else { return .none }
    return menu.pausedReason == nil ? .active : .paused
  }
}
