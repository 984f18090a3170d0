import Domain
import Journal
import Testing
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
}
