/// What can be asked of a store's profile and menu.
public enum StoreProfileCommand: Hashable, Sendable {
  case register(StoreDetails)
  case changeProfile(StoreDetails)
  case putMenuItem(MenuItem)
  case removeMenuItem(MenuItemID)
  case markSoldOut(MenuItemID)
  case restock(MenuItemID)
  /// Take no orders for a while.
  case pause(reason: String)
  case resume

  public var kind: StoreProfileCommandKind {
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
public enum StoreProfileCommandKind: String, CaseIterable, Hashable, Sendable {
  case register, changeProfile, putMenuItem, removeMenuItem, markSoldOut, restock, pause, resume
}

/// What a store says about itself.
public struct StoreDetails: Hashable, Sendable {
  public let id: StoreID
  public let name: String
  /// Where it delivers to.
  public let areas: [Area]
  public let minimumOrder: Won
  public let hours: OpeningHours

  public init(id: StoreID, name: String, areas: [Area], minimumOrder: Won, hours: OpeningHours) {
    self.id = id
    self.name = name
    self.areas = areas
    self.minimumOrder = minimumOrder
    self.hours = hours
  }
}

/// One item of a menu.
public struct MenuItem: Hashable, Sendable {
  public let id: MenuItemID
  public let name: String
  public let price: Won
  public let description: String
  /// False while it is sold out.
  public internal(set) var isAvailable: Bool

  public init(
    id: MenuItemID, name: String, price: Won, description: String, isAvailable: Bool = true
  ) {
    self.id = id
    self.name = name
    self.price = price
    self.description = description
    self.isAvailable = isAvailable
  }
}
