import Foundation
import Journal
import Messages
import Synchronization
import Testing
import Transport
import Views

@testable import Node

@Suite("A node's dashboard, built anew")
struct NodeDashboardTests {
  private let scratch = FileManager.default.temporaryDirectory
    .appendingPathComponent("node-dashboard-\(UUID().uuidString)")

  private func dashboard(_ source: HeldSource) throws -> NodeDashboard {
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    var config = NodeConfig()
    config.dataDirectory = scratch.path
    return try NodeDashboard(config, sources: [source])
  }

  private func rebuild(
    _ dashboard: NodeDashboard
  ) async -> Result<[RebuildDashboardUpdate], RPCError> {
    let told = Mutex<[RebuildDashboardUpdate]>([])
    do throws(RPCError) {
      try await dashboard.rebuild { (update) async throws(RPCError) in
        told.withLock { $0.append(update) }
      }
      return .success(told.withLock { $0 })
    } catch { return .failure(error) }
  }

  @Test("happens once at a time: a second one is refused until the first has ended")
  func oneAtATime() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let source = HeldSource()
    let dashboard = try dashboard(source)
    async let first = rebuild(dashboard)
    await source.isAsked()
    let second = await rebuild(dashboard)
    #expect(throws: RPCError.self) { try second.get() }
    source.release()
    #expect(try await first.get().last == RebuildDashboardUpdate(done: true))
    #expect(try await rebuild(dashboard).get().last?.done == true)
    await dashboard.view.close()
  }

  @Test("a source that fails is told of, and another attempt may follow")
  func failure() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let source = HeldSource()
    let dashboard = try dashboard(source)
    source.release(failing: .unavailable("the disk is full"))
    let failed = await rebuild(dashboard)
    let error = #expect(throws: RPCError.self) { try failed.get() }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("the disk is full") == true)
    source.release()
    #expect(try await rebuild(dashboard).get().last?.done == true)
    await dashboard.view.close()
  }
}

/// A journal without events that says so only when it is let go.
private final class HeldSource: EventSource {
  private struct State {
    var isHeld = true
    var failure: JournalError?
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  let name = "order"
  let partitionCount = 1
  private let state = Mutex(State())

  func release(failing failure: JournalError? = nil) {
    let waiters = state.withLock { state in
      state.isHeld = false
      state.failure = failure
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns once somebody waits for an answer.
  func isAsked() async {
    while state.withLock({ $0.waiters.isEmpty }) { await Task.yield() }
  }

  func status() async throws(JournalError) -> SourceStatus {
    await withCheckedContinuation { waiter in
      let isHeld = state.withLock { state in
        if state.isHeld { state.waiters.append(waiter) }
        return state.isHeld
      }
      if !isHeld { waiter.resume() }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
    return SourceStatus(epoch: JournalEpoch("order-1"), heads: [.start])
  }

  func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] { [] }

  func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] { throw .closed }
}
