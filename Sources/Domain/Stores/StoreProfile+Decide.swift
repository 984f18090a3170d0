extension StoreProfile {
  public static func events(
    for command: StoreProfileCommand, state: StoreProfileState, by principal: Principal,
    at now: Timestamp
  ) throws(Rejection) -> [StoreProfileEvent] {
    switch command {
    case .register(let details):
      if let existing = state.menu.details {
        guard existing == details else {
          throw Rejection(.conflict, "store \(existing.id) is registered already")
        }
        return []
      }
      try check(details)
      return [.registered(details)]
    case .changeProfile(let details):
      guard details.id == state.menu.details?.id else {
        throw Rejection(.invalid, "a store's id does not change")
      }
      try check(details)
      return details == state.menu.details ? [] : [.profileChanged(details)]
    case .pause(let reason):
      try TextLimit.reason(reason)
      return state.phase == .paused ? [] : [.paused(reason: reason)]
    case .resume: return state.phase == .active ? [] : [.resumed]
    case .putMenuItem, .removeMenuItem, .markSoldOut, .restock:
      return try menu(command, state.menu)
    }
  }

  private static func menu(
    _ command: StoreProfileCommand, _ menu: MenuCopy
  ) throws(Rejection) -> [StoreProfileEvent] {
    switch command {
    case .putMenuItem(let item):
      try check(item)
      let existing = menu.items[item.id]
      guard existing != nil || menu.items.count < itemsMax else {
        throw Rejection(.invalid, "a menu has at most \(itemsMax) items")
      }
      return existing == item ? [] : [.menuItemPut(item)]
    case .removeMenuItem(let id):
      return menu.items[id] == nil ? [] : [.menuItemRemoved(id)]
    case .markSoldOut(let id):
      return try menu.item(id).isAvailable ? [.menuItemSoldOut(id)] : []
    case .restock(let id):
      return try menu.item(id).isAvailable ? [] : [.menuItemRestocked(id)]
    case .register, .changeProfile, .pause, .resume: return []
    }
  }

  private static func check(_ details: StoreDetails) throws(Rejection) {
    try TextLimit.check("store name", details.name, maxBytes: TextLimit.nameMaxBytes)
    guard !details.areas.isEmpty, details.areas.count <= areasMax else {
      throw Rejection(.invalid, "a store delivers to 1 to \(areasMax) areas")
    }
    guard details.minimumOrder.amount <= priceMax else {
      throw Rejection(.invalid, "the minimum order is more than \(priceMax) won")
    }
  }

  private static func check(_ item: MenuItem) throws(Rejection) {
    try TextLimit.check("item name", item.name, maxBytes: TextLimit.nameMaxBytes)
    try TextLimit.check(
      "item description", item.description, maxBytes: TextLimit.descriptionMaxBytes,
      mayBeEmpty: true)
    guard (1...priceMax).contains(item.price.amount) else {
      throw Rejection(.invalid, "\(item.id): the price must be 1 to \(priceMax) won")
    }
  }
}

extension MenuCopy {
  /// The item, or `notFound`.
  func item(_ id: MenuItemID) throws(Rejection) -> MenuItem {
    guard let item = items[id] else {
      throw Rejection(.notFound, "\(id) is not on the menu")
    }
    return item
  }
}
