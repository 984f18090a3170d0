import Journal
import Messages
import Synchronization
import Testing
import Views

@testable import Services

@Suite("Building the dashboard from the journals")
struct DashboardRebuildTests {
  private func directory(_ scratch: DashboardScratch) throws -> ViewDirectory {
    try ViewDirectory(path: scratch.path, name: "dashboard")
  }

  private let clock = JournalClock(
    now: { WallTime(milliseconds: 0) }, sleep: { try await Task.sleep(for: $0) })

  /// Runs a projection per journal into the view while `body` runs, and until it has caught up.
  private func projecting(
    _ world: DashboardWorld, into view: any OrderView, _ body: () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for journal in world.journals.values {
        let projection = Projection(
          DashboardStore.viewName, from: journal, into: DashboardStore(view), clock: clock)
        group.addTask { try await projection.run() }
      }
      try await body()
      while try await DashboardLag(sources: world.sources).measure(
        view, at: WallTime(milliseconds: 0)
      ).contains(where: { $0.events > 0 }) {
        await Task.yield()
      }
      group.cancelAll()
    }
  }

  private func records(_ view: any OrderView) async throws -> [OrderRecord] {
    try await view.records(afterID: "", limit: 10_000)
  }

  @Test("a view that followed and one that is built afterwards are the same")
  func rebuiltIsLive() async throws {
    let world = DashboardWorld()
    let scratch = DashboardScratch()
    let live = try SQLiteOrderView.open(in: directory(scratch))
    try await projecting(world, into: live) {
      for number in 0..<30 {
        try await world.place("o\(number)")
        if number % 2 == 0 { try await world.carry("o\(number)") }
        if number % 5 == 1 { try await world.record("o\(number)", OrderCancelled()) }
      }
    }
    let memory = MemoryOrderView()
    try await world.follow(memory)
    let followed = try await records(live)
    #expect(followed.count == 30)
    #expect(try await records(memory) == followed)
    await live.close()
  }

  @Test("a rebuild beside the live view takes its place while orders come in")
  func beside() async throws {
    let world = DashboardWorld()
    let scratch = DashboardScratch()
    let directory = try directory(scratch)
    let live = LiveOrderView(try SQLiteOrderView.open(in: directory))
    let before = directory.current
    try await projecting(world, into: live) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 0..<40 {
            try await world.place("o\(number)")
            try await world.carry("o\(number)")
          }
        }
        for _ in 0..<3 {
          try await DashboardRebuild(sources: world.sources).run(live: live, in: directory)
        }
        try await group.waitForAll()
      }
    }
    #expect(directory.current != before)
    let fold = MemoryOrderView()
    try await world.follow(fold)
    #expect(try await differences(between: live, and: fold).isEmpty)
    await live.close()
    let again = try SQLiteOrderView.open(in: directory)
    #expect(try await records(again).count == 40)
    await again.close()
  }

  @Test("a rebuild that cannot finish leaves the live view alone")
  func fails() async throws {
    let world = DashboardWorld()
    let scratch = DashboardScratch()
    let directory = try directory(scratch)
    try await world.place("o1")
    let live = LiveOrderView(try SQLiteOrderView.open(in: directory))
    try await world.follow(live)
    let before = directory.current
    world.journals["payment"]?.close()
    await #expect(throws: DashboardRebuildError.source("payment", .closed)) {
      try await DashboardRebuild(sources: world.sources).run(live: live, in: directory)
    }
    #expect(directory.current == before)
    #expect(try await live.order("o1") != nil)
    await live.close()
  }

  @Test("a source that was put back from an older copy keeps no view from being built anew")
  func olderCopy() async throws {
    let (world, older) = (DashboardWorld(), DashboardWorld())
    for world in [world, older] { try await world.place("o1") }
    for id in ["o2", "o3"] { try await world.place(id) }
    let scratch = DashboardScratch()
    let directory = try directory(scratch)
    let live = LiveOrderView(try SQLiteOrderView.open(in: directory))
    try await world.follow(live)
    try await DashboardRebuild(sources: older.sources).run(live: live, in: directory)
    #expect(try await records(live).map(\.row.orderID) == ["o1"])
    await live.close()
  }

  @Test("a rebuild that could not be made durable leaves a whole view, whichever is in use")
  func notDurable() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let scratch = DashboardScratch()
    var failing = try directory(scratch)
    failing.sync = { _ in -1 }
    let views = failing
    let live = LiveOrderView(try SQLiteOrderView.open(in: directory(scratch)))
    try await world.follow(live)
    await #expect(throws: DashboardRebuildError.self) {
      try await DashboardRebuild(sources: world.sources).run(live: live, in: views)
    }
    #expect(try await live.order("o1") != nil)
    await live.close()
    let again = try SQLiteOrderView.open(in: directory(scratch))
    #expect(try await again.order("o1") != nil)
    await again.close()
  }

  @Test(
    "a view whose file is damaged is built anew from all journals while it is in use",
    .timeLimit(.minutes(1)))
  func damaged() async throws {
    let world = DashboardWorld()
    for number in 0..<20 {
      try await world.place("o\(number)")
      try await world.carry("o\(number)")
    }
    let scratch = DashboardScratch()
    let before = try SQLiteOrderView.open(in: directory(scratch))
    try await world.follow(before)
    await before.close()
    #expect(scratch.damage(before.path, pagesWith: "o7") > 0)
    let live = LiveOrderView(try SQLiteOrderView.open(in: directory(scratch)))
    let clock = JournalClock(
      now: { WallTime(milliseconds: 0) },
      sleep: { _ in
        await Task.yield()
        try Task.checkCancellation()
      })
    let projections = world.journals.values.map {
      Projection(DashboardStore.viewName, from: $0, into: DashboardStore(live), clock: clock)
    }
    let fold = MemoryOrderView()
    try await world.follow(fold)
    await withTaskGroup(of: Void.self) { group in
      for projection in projections { group.addTask { try? await projection.run() } }
      // Nothing is left to take in when the damage is met.
      while projections.contains(where: { $0.knownLag != 0 }), !Task.isCancelled {
        await Task.yield()
      }
      await #expect(throws: ViewError.self) { try await live.order("o7") }
      while (try? await differences(between: live, and: fold)) != [], !Task.isCancelled {
        await Task.yield()
      }
      group.cancelAll()
    }
    #expect(try await differences(between: live, and: fold).isEmpty)
    await live.close()
  }

  @Test("offline, a view is built where there was none, and tells how far it is")
  func offline() async throws {
    let world = DashboardWorld()
    for number in 0..<10 { try await world.place("o\(number)") }
    let scratch = DashboardScratch()
    let told = Mutex<[Int64]>([])
    try await DashboardRebuild(sources: world.sources, batchEvents: 4).run(
      in: directory(scratch)
    ) { taken, total in
      told.withLock { $0.append(taken) }
      #expect(total == 40)
    }
    #expect(told.withLock { $0.last } == 40)
    let view = try SQLiteOrderView.open(in: directory(scratch))
    #expect(try await records(view).count == 10)
    await view.close()
  }

  @Test("an audit finds nothing in a sound view, and names what is wrong in another")
  func audit() async throws {
    let world = DashboardWorld()
    for number in 0..<5 { try await world.place("o\(number)") }
    let scratch = DashboardScratch()
    let folds = DashboardScratch()
    let audit = DashboardAudit(sources: world.sources, scratch: folds.path)
    let view = try SQLiteOrderView.open(in: directory(scratch))
    try await world.follow(view)
    // What the view has not taken in yet is no difference.
    try await world.carry("o0")
    #expect(try await audit.differences(of: directory(scratch)).isEmpty)
    // Changes that no journal has.
    var effect = OrderEffect()
    effect.stage = OrderStage(code: 10, isTerminal: true)
    let changes = [("o2", 3), ("ghost", 1)].map { id, version in
      OrderChange(
        orderID: id, service: .order, version: Int64(version),
        at: WallTime(milliseconds: 1), event: "OrderDelivered", meaning: .effect(effect))
    }
    let epoch = JournalEpoch("order-1")
    let partition = Partition(0)
    let position = try await view.cursors().position("order", partition)
    try await world.follow(view)
    try await view.apply(
      ViewBatch(
        source: "planted", changes: changes,
        cursors: [ViewCursor(partition: partition, position: position.next, epoch: epoch)]))
    let found = try await audit.differences(of: directory(scratch))
    #expect(found.map(\.orderID) == ["ghost", "o2"])
    #expect(found.first?.text == "in the view, but in no journal")
    #expect(found.last?.text == "has 3 order events, the journal 2")
    await view.close()
  }

  @Test("an order with an unreadable event is set aside alone, and told of")
  func poison() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    try await world.place("o2")
    try await world.record(
      "order", StreamKey(category: "order", id: "o1"), "baedal.order.v1.OrderTeleported", [])
    try await world.record("o1", OrderAccepted(etaMinutes: 5))
    try await world.record("o2", OrderAccepted(etaMinutes: 5))
    let view = MemoryOrderView()
    try await world.follow(view)
    #expect(try await view.order("o2")?.row.versions.order == 3)
    #expect(try await view.order("o1")?.row.versions.order == 2)
    let stalled = try await view.stalled(afterID: "", limit: 9)
    #expect(stalled.map(\.row.orderID) == ["o1"])
    #expect(stalled.first?.stalls.first?.reason == "OrderTeleported: an event of unknown type")
  }
}
