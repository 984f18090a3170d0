package import Domain
package import Journal
import Messages
import Synchronization
package import Transport
package import Views

/// The order service's own copy of the stores' menus: a keyed view of the store service's events,
/// one row a store, with the ones asked for lately in memory.
///
/// A view that begins anew goes through all that its menus have ever been: until it is where it was,
/// nothing is told of it, or orders would be priced as of long ago. What is in memory holds meanwhile.
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
    /// By partition, how far the view is and how far it ever was, in this life of the process.
    var reached: [Partition: Position] = [:]
    var best: [Partition: Position] = [:]
    /// Of a view that was empty when it was opened: how many events it is behind, until it is not.
    var isFirstFill: (@Sendable () -> Int64?)?

    /// Whether the view is on its way to where it was.
    var isFilling: Bool {
      if let lag = isFirstFill, lag() != 0 { return true }
      return best.contains { reached[$0.key, default: .start] < $0.value }
    }

    mutating func stands(at cursors: [Cursor]) {
      for cursor in cursors {
        reached[cursor.partition] = cursor.position
        best[cursor.partition] = max(best[cursor.partition, default: .start], cursor.position)
      }
    }
  }

  private let rows: any KeyedView
  private let cache = Mutex(Cache())

  package init(_ rows: any KeyedView) { self.rows = rows }

  /// Nothing is told of an empty view until it has caught up once.
  /// - Parameter lag: how many events it is behind; nil while that is not known.
  package func fill(_ lag: @escaping @Sendable () -> Int64?) {
    cache.withLock { $0.isFirstFill = lag }
  }

  package nonisolated(nonsending) func menu(
    of store: StoreID
  ) async throws(RPCError) -> MenuCopy? {
    let key = store.rawValue
    let (known, generation) = cache.withLock { ($0.menus.value(for: key), $0.generation) }
    if let known { return known }
    try checkFilled()
    let row: KeyedRow?
    do throws(ViewError) { row = try await rows.row(key) } catch {
      throw RPCError(
        code: .unavailable, message: "the menus cannot be read at the moment",
        retryAfter: .seconds(1), cause: error)
    }
    // The view may have begun anew under the question.
    try checkFilled()
    guard let row else { return nil }
    let menu: MenuCopy
    do throws(EventCodecError) { menu = try MenuCopy(kept: row.bytes) } catch {
      throw RPCError(code: .dataLoss, message: "the copy of this menu is damaged", cause: error)
    }
    cache.withLock { if $0.generation == generation { $0.menus.insert(menu, for: key) } }
    return menu
  }

  private func checkFilled() throws(RPCError) {
    let isFilling = cache.withLock { cache in
      if let lag = cache.isFirstFill, lag() == 0 { cache.isFirstFill = nil }
      return cache.isFilling
    }
    guard isFilling else { return }
    throw RPCError(
      code: .unavailable, message: "the menus are being read anew", retryAfter: .seconds(1),
      unprocessed: true)
  }

  package func cursors(
    of view: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor] {
    let cursors: [Cursor]
    do throws(ViewError) {
      cursors = try await rows.cursors().asCursors(of: view, from: source)
    } catch { throw ProjectionFailure(error) }
    cache.withLock { cache in
      cache.reached.removeAll()
      cache.stands(at: cursors)
      // It goes on from where it was left: as old as that at most, as in a store's absence.
      if !cursors.isEmpty { cache.isFirstFill = nil }
    }
    return cursors
  }

  package func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
    do throws(ViewError) {
      try await rows.apply(ViewBatch(batch))
    } catch { throw ProjectionFailure(error) }
    cache.withLock { cache in
      cache.generation &+= 1
      for event in batch.events where event.position > cache.best[event.partition, default: .start]
      {
        cache.menus.remove(event.stream.id)
      }
      cache.stands(at: batch.cursors)
    }
  }

  package var restarts: StoreRestarts { rows.restarts }

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
