/// What can be asked of a store's profile and menu.
package enum StoreProfileCommand: Hashable, Sendable {
  case register(StoreDetails)
  case changeProfile(StoreDetails)
  case putMenuItem(MenuItem)
  case removeMenuItem(MenuItemID)
  case markSoldOut(MenuItemID)
  case restock(MenuItemID)
  /// Take no orders for a while.
  case pause(reason: String)
  case resume

  package var kind: StoreProfileCommandKind {
    switch self {
    case .register: .register
    case .changeProfile: .changeProfile
    case .putMenuItem: .putMenuItem
    case .removeMenuItem: .removeMenuItem
    case .markSoldOut: .markSoldOut
    case .restock: .restock
    case .pause: .pause
    case .resume: .resume
    }
  }
}

/// The commands without their values.
package enum StoreProfileCommandKind: String, CaseIterable, Hashable, Sendable {
  case register, changeProfile, putMenuItem, removeMenuItem, markSoldOut, restock, pause, resume
}

/// What a store says about itself.
package struct StoreDetails: Hashable, Sendable {
  package let id: StoreID
  package let name: String
  /// Where it delivers to.
  package let areas: [Area]
  package let minimumOrder: Won
  package let hours: OpeningHours

  package init(id: StoreID, name: String, areas: [Area], minimumOrder: Won, hours: OpeningHours) {
    self.id = id
    self.name = name
    self.areas = areas
    self.minimumOrder = minimumOrder
    self.hours = hours
  }
}

/// One item of a menu.
package struct MenuItem: Hashable, Sendable {
  package let id: MenuItemID
  package let name: String
  package let price: Won
  package let description: String
  /// False while it is sold out.
  package internal(set) var isAvailable: Bool

  package init(
    id: MenuItemID, name: String, price: Won, description: String, isAvailable: Bool = true
  ) {
    self.id = id
    self.name = name
    self.price = price
    self.description = description
    self.isAvailable = isAvailable
  }
}
