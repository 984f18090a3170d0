/// A store's profile and menu, folded from its events: by the store itself, and by whoever keeps
/// a copy to go on working while the store service is down.
public struct MenuCopy: Hashable, Sendable {
  /// Nil until the store has registered.
  public internal(set) var details: StoreDetails?
  public internal(set) var items: [MenuItemID: MenuItem] = [:]
  /// Why the store takes no orders at the moment; nil when it does.
  public internal(set) var pausedReason: String?
  /// How many events were folded; it only ever grows.
  public internal(set) var version: Int64 = 0

  public init() {}

  /// A copy as it was kept; `version` is that of the copy, not of a stream.
  public init(details: StoreDetails?, items: [MenuItem], pausedReason: String?, version: Int64) {
    self.details = details
    for item in items { self.items[item.id] = item }
    self.pausedReason = pausedReason
    self.version = version
  }

  /// The items in the order of their identifiers.
  public var sortedItems: [MenuItem] { items.values.sorted { $0.id < $1.id } }

  /// Whether the store takes orders at this moment: registered, open and not paused.
  public func isOpen(at moment: Timestamp) -> Bool {
    guard let details, pausedReason == nil else { return false }
    return details.hours.isOpen(at: moment)
  }

  /// Takes in one event. An event that does not fit only counts.
  public mutating func fold(_ event: StoreProfileEvent) {
    version &+= 1
    switch event {
    case .registered(let details), .profileChanged(let details): self.details = details
    case .menuItemPut(let item): items[item.id] = item
    case .menuItemRemoved(let item): items[item] = nil
    case .menuItemSoldOut(let item): items[item]?.isAvailable = false
    case .menuItemRestocked(let item): items[item]?.isAvailable = true
    case .paused(let reason): pausedReason = reason
    case .resumed: pausedReason = nil
    }
  }
}
