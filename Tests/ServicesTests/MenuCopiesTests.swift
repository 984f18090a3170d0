import Domain
import Journal
import Synchronization
import Testing
import Transport
import Views

@testable import Services

@Suite("Copies of the stores' menus")
struct MenuCopiesTests {
  @Test("a damaged event of a store stops its copy there, and stands on record")
  func damaged() async throws {
    let world = StoreWorld()
    try await world.change(.register(try StoreWorld.details()))
    try await world.change(.putMenuItem(try StoreProfileTests.item("a", 4_500)))
    try await world.change(.putMenuItem(try StoreProfileTests.item("b", 5_000)))
    let partition = StreamKey(category: "store", id: "store-1")
      .partition(of: world.store.partitionCount)
    world.store.damage(partition, 2)

    let rows = MemoryKeyedView(MenuCopies.fold)
    let menus = MenuCopies(rows)
    let projection = Projection(
      MenuCopies.view, from: world.store, into: menus, interest: .types(MenuCopies.storeEvents),
      clock: JournalClock(
        now: { WallTime(milliseconds: 0) }, sleep: { try await Task.sleep(for: $0) }))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await projection.run() }
      while try await rows.cursors().position("store", partition) < 3 { await Task.yield() }
      group.cancelAll()
    }

    let stalls = try await rows.stalled(after: "", limit: 10)
    #expect(stalls.map(\.key) == ["store-1"])
    #expect(stalls.first?.position == 2)
    let menu = try await menus.menu(of: StoreWorld.storeID)
    #expect(menu?.version == 1)
  }

  @Test(
    "a view that begins anew tells nothing of what has been, while what is in memory holds",
    arguments: [true, false])
  func anew(isCached: Bool) async throws {
    let world = StoreWorld()
    try await world.change(.register(try StoreWorld.details()))
    try await world.change(.putMenuItem(try StoreProfileTests.item("a", 4_500)))
    try await world.change(.putMenuItem(try StoreProfileTests.item("a", 9_000)))
    let partition = StreamKey(category: "store", id: "store-1")
      .partition(of: world.store.partitionCount)
    let events = try await world.store.read(partition: partition, after: .start, limit: 10)
    let view = RestartingView()
    let menus = MenuCopies(view)
    let lag = Mutex<Int64?>(0)
    menus.fill(from: "store") { lag.withLock { $0 } }
    func apply(_ events: ArraySlice<RecordedEvent>) async throws {
      let last = try #require(events.last)
      let cursor = Cursor(
        subscriber: MenuCopies.view, partition: partition, position: last.position,
        epoch: world.store.epoch)
      try await menus.apply(
        ProjectionBatch(source: "store", events: Array(events), setAside: [], cursors: [cursor]))
    }
    func price() async throws -> Int64? {
      try await menus.menu(of: StoreWorld.storeID)?.items.values.first?.price.amount
    }
    #expect(try await menus.cursors(of: MenuCopies.view, from: "store").isEmpty)
    try await apply(events[...])
    if isCached { #expect(try await price() == 9_000) }

    view.restart()
    // The lag that is known is that of the view before.
    if !isCached { #expect(await refusal { _ = try await price() } == .unavailable) }
    lag.withLock { $0 = 1 }
    #expect(try await menus.cursors(of: MenuCopies.view, from: "store").isEmpty)
    try await apply(events[..<2])
    if isCached {
      #expect(try await price() == 9_000)
    } else {
      #expect(await refusal { _ = try await price() } == .unavailable)
    }
    try await apply(events[2...])
    lag.withLock { $0 = 0 }
    #expect(try await price() == 9_000)
    // It goes on as before.
    try await world.change(.putMenuItem(try StoreProfileTests.item("a", 5_000)))
    let next = try await world.store.read(
      partition: partition, after: events.last?.position ?? .start, limit: 10)
    try await apply(next[...])
    #expect(try await price() == 5_000)
  }

  @Test("a view tells nothing before it has caught up once, and all from then on")
  func firstFill() async throws {
    let rows = MemoryKeyedView(MenuCopies.fold)
    let lag = Mutex<Int64?>(nil)
    // As the service comes up, again and again, half filled or not.
    func ask() async throws -> StatusCode? {
      let menus = MenuCopies(rows)
      menus.fill(from: "store") { lag.withLock { $0 } }
      _ = try await menus.cursors(of: MenuCopies.view, from: "store")
      return await refusal { _ = try await menus.menu(of: StoreWorld.storeID) }
    }
    for known in [nil, 7] as [Int64?] {
      lag.withLock { $0 = known }
      #expect(try await ask() == .unavailable)
      let cursor = ViewCursor(partition: 0, position: 3, epoch: JournalEpoch("e"))
      try await rows.apply(ViewBatch(source: "store", changes: [], cursors: [cursor]))
    }
    lag.withLock { $0 = 0 }
    #expect(try await ask() == nil)
    // It may be left behind then, as while the store is away, but not go back.
    for known in [nil, 7] as [Int64?] {
      lag.withLock { $0 = known }
      #expect(try await ask() == nil)
    }
    let marked = try await rows.cursors().of("caught up")
    #expect(marked.map(\.position) == [4])
    let other = MemoryKeyedView(MenuCopies.fold)
    try await other.apply(ViewBatch(source: "caught up", changes: [], cursors: marked))
    let menus = MenuCopies(other)
    menus.fill(from: "store") { nil }
    #expect(await refusal { _ = try await menus.menu(of: StoreWorld.storeID) } == .unavailable)
  }
}

/// A view that can begin anew in use.
private final class RestartingView: KeyedView {
  private let rows = Mutex(MemoryKeyedView(MenuCopies.fold))
  private var now: MemoryKeyedView { rows.withLock { $0 } }

  func restart() {
    rows.withLock { $0 = MemoryKeyedView(MenuCopies.fold) }
    restarts.tell("damaged")
  }

  let restarts = StoreRestarts()

  nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await now.cursors()
  }

  nonisolated(nonsending) func apply(_ batch: ViewBatch<KeyedChange>) async throws(ViewError) {
    try await now.apply(batch)
  }

  nonisolated(nonsending) func row(_ key: String) async throws(ViewError) -> KeyedRow? {
    try await now.row(key)
  }

  nonisolated(nonsending) func rows(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedRow] { try await now.rows(after: key, limit: limit) }

  nonisolated(nonsending) func stalled(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedStall] { try await now.stalled(after: key, limit: limit) }

  nonisolated(nonsending) func close() async { await now.close() }
}
