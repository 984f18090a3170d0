package import Domain
package import Journal
import Messages
import Synchronization
package import Transport
package import Views

/// The order service's own copy of the stores' menus: a keyed view of the store service's events,
/// one row a store, with the ones asked for lately in memory.
package final class MenuCopies: MenuCatalog, ProjectionStore {
  /// The view's name in cursors.
  package static let view = "order.menus"
  package static let storeEvents: Set<String> = [
    StoreRegistered.fullName, StoreProfileChanged.fullName, MenuItemPut.fullName,
    MenuItemRemoved.fullName, MenuItemSoldOut.fullName, MenuItemRestocked.fullName,
    StorePaused.fullName, StoreResumed.fullName,
  ]

  /// Menus kept in memory.
  private static let cachedMax = 4096

  private struct Cache {
    var menus = LRUCache<String, MenuCopy>(capacity: MenuCopies.cachedMax)
    /// Counts what was taken in, so that a row read before that is not kept after it.
    var generation: UInt64 = 0
  }

  private let rows: any KeyedView
  private let cache = Mutex(Cache())

  package init(_ rows: any KeyedView) { self.rows = rows }

  package nonisolated(nonsending) func menu(
    of store: StoreID
  ) async throws(RPCError) -> MenuCopy? {
    let key = store.rawValue
    let (known, generation) = cache.withLock { ($0.menus.value(for: key), $0.generation) }
    if let known { return known }
    let row: KeyedRow?
    do throws(ViewError) { row = try await rows.row(key) } catch {
      throw RPCError(
        code: .unavailable, message: "the menus cannot be read at the moment",
        retryAfter: .seconds(1), cause: error)
    }
    guard let row else { return nil }
    let menu: MenuCopy
    do throws(EventCodecError) { menu = try MenuCopy(kept: row.bytes) } catch {
      throw RPCError(code: .dataLoss, message: "the copy of this menu is damaged", cause: error)
    }
    cache.withLock { if $0.generation == generation { $0.menus.insert(menu, for: key) } }
    return menu
  }

  package func cursors(
    of view: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor] {
    do throws(ViewError) {
      return try await rows.cursors().asCursors(of: view, from: source)
    } catch { throw .unavailable("\(error)") }
  }

  package func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
    do throws(ViewError) {
      try await rows.apply(ViewBatch(batch))
    } catch { throw .unavailable("\(error)") }
    cache.withLock { cache in
      cache.generation &+= 1
      for event in batch.events { cache.menus.remove(event.stream.id) }
    }
  }

  /// How a store's events become its row.
  package static let fold = KeyedFold(
    name: "menus", version: 1,
    key: { storeEvents.contains($0.type) ? $0.stream.id : nil },
    keyOfStream: { $0.category == Domain.StoreProfile.category ? $0.id : nil },
    effect: { event, row in
      var menu =
        try row.map { row throws(EventCodecError) in try MenuCopy(kept: row.bytes) }
        ?? MenuCopy()
      menu.fold(try StoreProfileEventCodec().decode(type: event.type, payload: event.payload))
      return .put(try menu.kept())
    })
}

extension MenuCopy {
  /// The copy as it is kept: a `baedal.store.v1.Store`.
  func kept() throws(CodecError) -> [UInt8] {
    try Store(
      details: details.map(Messages.StoreDetails.init),
      items: sortedItems.map(Messages.MenuItem.init),
      pausedReason: pausedReason ?? "", paused: pausedReason != nil, menuVersion: version
    ).serialized()
  }

  init(kept bytes: [UInt8]) throws(EventCodecError) {
    let store: Store = try EventMapping.decode(bytes)
    self = try EventMapping.checked { () throws(Rejection) in
      MenuCopy(
        details: try store.details.map { (details) throws(Rejection) in
          try Domain.StoreDetails(details)
        },
        items: try store.items.map { (item) throws(Rejection) in try Domain.MenuItem(item) },
        pausedReason: store.paused ? store.pausedReason : nil, version: store.menuVersion)
    }
  }
}
