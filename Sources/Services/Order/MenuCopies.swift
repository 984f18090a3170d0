package import Domain
package import Journal
import Messages
import Synchronization
package import Transport
package import Views

/// The order service's own copy of the stores' menus: a keyed view of the store service's events,
/// one row a store, with the ones asked for lately in memory.
///
/// A view that begins anew goes through all that its menus have ever been: until it has caught up
/// once, nothing is told of it, or orders would be priced as of long ago. What is in memory holds
/// meanwhile. That it has caught up stands in the view, which may be left behind from then on: a
/// store that is away keeps nobody from ordering.
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
    /// How far the view ever was: what is in memory is at least as new.
    var best: [Partition: Position] = [:]
    /// Whether the view is known to have caught up once.
    var isFilled = false
    /// Counts how often the view was gone on with, for then it may have begun anew.
    var starts: UInt64 = 0
    /// How often the view had begun anew by then.
    var restarts: Int

    mutating func stands(at cursors: [Cursor]) {
      for cursor in cursors {
        best[cursor.partition] = max(best[cursor.partition, default: .start], cursor.position)
      }
    }
  }

  /// Names the cursor that says of the view that it has caught up once. Its position is one more
  /// than the sum of all that the view had taken in then: one that begins anew at that moment, and is
  /// marked in the place of the one before, has to come as far.
  private static let filledMark = "caught up"

  private struct Filling {
    let source: String
    let lag: @Sendable () -> Int64?
  }

  private let rows: any KeyedView
  private let cache: Mutex<Cache>
  private let filling = Mutex<Filling?>(nil)

  package init(_ rows: any KeyedView) {
    self.rows = rows
    cache = Mutex(Cache(restarts: rows.restarts.count))
  }

  /// Nothing is told of the view until it has caught up once with `source`.
  /// - Parameter lag: how many events it is behind; nil while that is not known.
  package func fill(from source: String, _ lag: @escaping @Sendable () -> Int64?) {
    filling.withLock { $0 = Filling(source: source, lag: lag) }
  }

  package nonisolated(nonsending) func menu(
    of store: StoreID
  ) async throws(RPCError) -> MenuCopy? {
    let key = store.rawValue
    let (known, generation) = cache.withLock { ($0.menus.value(for: key), $0.generation) }
    if let known { return known }
    let starts = cache.withLock { $0.starts }
    let isFilled: Bool
    var row: KeyedRow?
    do throws(ViewError) {
      isFilled = try await checkFilled(starts)
      if isFilled { row = try await rows.row(key) }
    } catch {
      throw RPCError(
        code: .unavailable, message: "the menus cannot be read at the moment",
        retryAfter: .seconds(1), cause: error)
    }
    // It may have begun anew under the question.
    guard isFilled, cache.withLock({ $0.starts == starts }) else {
      throw RPCError(
        code: .unavailable, message: "the menus are being read anew", retryAfter: .seconds(1),
        unprocessed: true)
    }
    guard let row else { return nil }
    let menu: MenuCopy
    do throws(EventCodecError) { menu = try MenuCopy(kept: row.bytes) } catch {
      throw RPCError(code: .dataLoss, message: "the copy of this menu is damaged", cause: error)
    }
    cache.withLock { if $0.generation == generation { $0.menus.insert(menu, for: key) } }
    return menu
  }

  /// Whether the view has caught up once, as it is since so many `starts`; notes it in the view.
  private nonisolated(nonsending) func checkFilled(
    _ starts: UInt64
  ) async throws(ViewError) -> Bool {
    guard let filling = filling.withLock({ $0 }), !cache.withLock({ $0.isFilled }) else {
      return true
    }
    let cursors = try await rows.cursors()
    // Begun anew, which its projection is still to hear of: the lag is that of the one before.
    guard cache.withLock({ $0.restarts }) == rows.restarts.count else { return false }
    let reached = cursors.of(filling.source).reduce(Int64(1)) { $0 + $1.position.value }
    let mark = cursors.position(Self.filledMark, 0).value
    if mark == 0 || reached < mark {
      guard filling.lag() == 0 else { return false }
      let epoch = JournalEpoch(Self.filledMark)
      let cursor = ViewCursor(partition: 0, position: Position(max(mark, reached)), epoch: epoch)
      try await rows.apply(ViewBatch(source: Self.filledMark, changes: [], cursors: [cursor]))
    }
    return cache.withLock { cache in
      guard cache.starts == starts else { return false }
      cache.isFilled = true
      return true
    }
  }

  package func cursors(
    of view: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor] {
    // It may have begun anew.
    cache.withLock {
      $0.starts &+= 1
      $0.restarts = rows.restarts.count
      $0.isFilled = false
    }
    let cursors: [Cursor]
    do throws(ViewError) {
      cursors = try await rows.cursors().asCursors(of: view, from: source)
    } catch { throw ProjectionFailure(error) }
    cache.withLock { $0.stands(at: cursors) }
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
