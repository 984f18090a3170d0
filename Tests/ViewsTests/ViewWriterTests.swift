import Dispatch
import Journal
import Synchronization
import Testing

@testable import Views

@Suite("The writer of a view", .timeLimit(.minutes(1)))
struct ViewWriterTests {
  /// Holds up whoever passes until it is opened for one.
  private final class Gate: Sendable {
    private let door = DispatchSemaphore(value: 0)
    private let arrivals = Atomic<Int>(0)

    var arrived: Int { arrivals.load(ordering: .relaxed) }

    func pass() {
      arrivals.add(1, ordering: .relaxed)
      door.wait()
    }

    func open() { door.signal() }
  }

  private func batch(_ versions: ClosedRange<Int64>) -> ViewBatch<OrderChange> {
    let changes = versions.map {
      OrderChange(
        orderID: "o1", service: .order, version: $0, at: WallTime(milliseconds: $0),
        event: "OrderNoted", meaning: .effect(OrderEffect()))
    }
    return ViewBatch(changes, through: versions.upperBound)
  }

  @Test("knows how much waits, also when it is too much for one transaction")
  func waitingChanges() async throws {
    let scratch = Scratch()
    let directory = try ViewDirectory(path: scratch.path, name: "orders")
    let place = ViewPlace(try directory.makeNext(), in: directory, restarts: StoreRestarts())
    let gate = Gate()
    let writer = try ViewWriter<OrderTables>(named: "test") { () throws(ViewError) in
      try ViewFile<OrderTables>(at: place) { (path) throws(ViewError) in
        try OrderTables.open(path)
      }
    } publish: { _ in
      gate.pass()
    }
    let (first, much, rest) = (batch(1...1), batch(2...4097), batch(4098...4107))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await writer.apply(first) }
      await until { gate.arrived == 1 }
      group.addTask { try await writer.apply(much) }
      await until { writer.waitingChanges == 4096 }
      group.addTask { try await writer.apply(rest) }
      await until { writer.waitingChanges == 4106 }
      for _ in 0..<3 { gate.open() }
      try await group.waitForAll()
    }
    #expect(gate.arrived == 3)
    #expect(writer.waitingChanges == 0)
    await writer.close()
  }
}
