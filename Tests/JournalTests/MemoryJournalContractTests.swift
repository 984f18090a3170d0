import JournalContract
import Synchronization
import Testing

@testable import Journal

@Suite("A journal in memory")
struct MemoryJournalContractTests {
  @Test("keeps the contract of every journal", arguments: JournalContract.cases)
  func contract(_ promise: ContractCase) async throws {
    let harness = MemoryHarness()
    try await promise.check(harness)
    await harness.dispose()
  }
}

private final class MemoryHarness: JournalHarness {
  private let memory: MemoryJournal

  init() {
    let ticks = Mutex<Int64>(1_700_000_000_000)
    var options = MemoryJournal.Options()
    // Letting others run before the flush is what makes a group of them.
    options.flush = .after { await Task.yield() }
    memory = MemoryJournal(name: "test", epoch: JournalEpoch("memory"), options: options) {
      WallTime(
        milliseconds: ticks.withLock {
          $0 += 1; return $0
        })
    }
  }

  var journal: any Journal { memory }
  var groupCommits: Int { memory.flushCount }
  var waiters: Int { memory.tail.waiterCount }
  func reopen() async throws { memory.crash() }
  func flipBit(_ partition: Partition, _ position: Position) async throws {
    memory.damage(partition, position)
  }
  func fillStorage() async throws { memory.setFault("disk full") }
  func freeStorage() async throws { memory.setFault(nil) }
  func dispose() async { memory.close() }
}
