package import Domain
package import Journal
import Messages

/// Store profile events as they are stored and sent.
package struct StoreProfileEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: StoreProfileEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .registered(let details): try EventMapping.encode(StoreRegistered(details: .init(details)))
    case .profileChanged(let details):
      try EventMapping.encode(StoreProfileChanged(details: .init(details)))
    case .menuItemPut(let item): try EventMapping.encode(MenuItemPut(item: .init(item)))
    case .menuItemRemoved(let id): try EventMapping.encode(MenuItemRemoved(itemID: id.rawValue))
    case .menuItemSoldOut(let id): try EventMapping.encode(MenuItemSoldOut(itemID: id.rawValue))
    case .menuItemRestocked(let id): try EventMapping.encode(MenuItemRestocked(itemID: id.rawValue))
    case .paused(let reason): try EventMapping.encode(StorePaused(reason: reason))
    case .resumed: try EventMapping.encode(StoreResumed())
    }
  }

  package func decode(
    type: String, payload: [UInt8]
  ) throws(EventCodecError) -> StoreProfileEvent {
    let stored = StoredMessage(type: type, payload: payload)
    return switch type {
    case StoreRegistered.fullName:
      try stored.read { (message: StoreRegistered) throws(Rejection) in
        .registered(try .init(message.details))
      }
    case StoreProfileChanged.fullName:
      try stored.read { (message: StoreProfileChanged) throws(Rejection) in
        .profileChanged(try .init(message.details))
      }
    case MenuItemPut.fullName:
      try stored.read { (message: MenuItemPut) throws(Rejection) in
        .menuItemPut(try .init(message.item))
      }
    case MenuItemRemoved.fullName:
      try stored.read { (message: MenuItemRemoved) throws(Rejection) in
        .menuItemRemoved(try MenuItemID(message.itemID))
      }
    case MenuItemSoldOut.fullName:
      try stored.read { (message: MenuItemSoldOut) throws(Rejection) in
        .menuItemSoldOut(try MenuItemID(message.itemID))
      }
    case MenuItemRestocked.fullName:
      try stored.read { (message: MenuItemRestocked) throws(Rejection) in
        .menuItemRestocked(try MenuItemID(message.itemID))
      }
    case StorePaused.fullName:
      try stored.read { (message: StorePaused) in .paused(reason: message.reason) }
    case StoreResumed.fullName: try stored.read { (_: StoreResumed) in .resumed }
    default: throw .unknownType(type)
    }
  }
}
