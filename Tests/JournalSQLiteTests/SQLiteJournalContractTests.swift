import Journal
import JournalContract
import JournalSQLite
import Testing

@Suite("A journal in SQLite")
struct SQLiteJournalContractTests {
  @Test("keeps the contract of every journal", arguments: JournalContract.cases)
  func contract(_ promise: ContractCase) async throws {
    let harness = try await SQLiteHarness()
    try await promise.check(harness)
    await harness.dispose()
  }

  @Test(
    "keeps it also when its subscribers always fall out of the tail",
    arguments: JournalContract.cases)
  func contractWithoutTail(_ promise: ContractCase) async throws {
    let harness = try await SQLiteHarness { $0.tailLimits.eventsMax = 0 }
    try await promise.check(harness)
    await harness.dispose()
  }
}
