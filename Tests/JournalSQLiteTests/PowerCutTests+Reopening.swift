import CPowerCut
import CSQLite
import Glibc
import Journal
import JournalContract
import JournalSQLite
import Testing

/// What a journal builds on when it opens its file again after the storage has failed.
extension PowerCutTests {
  @Test("a damaged last event is no reason to refuse the appends that follow")
  func damagedHead() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    let journal = try await disk.open()
    _ = try await journal.append(append(["a-long-text"], to: order("x")))
    try await journal.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    try flipByte(of: Array("a-long-text".utf8), in: disk.path)
    try await failOnce(journal)
    let behind = try await journal.append(append(["b"], to: neighbour(of: "x")))
    #expect(behind.streams.map(\.lastPosition) == [2])
    #expect(journal.statistics.reopenings == 1)
    await #expect(throws: JournalError.self) { _ = try await journal.load(order("x")) }
    await journal.close()
  }

  @Test("a file that has gone is not made anew, and is taken up again when it is back")
  func gone() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    let journal = try await disk.open()
    _ = try await journal.append(append(["a"], to: order("x")))
    #expect(rename(disk.path, disk.path + "-aside") == 0)
    try await failOnce(journal)
    let reason = await refusal(of: append(["b"], to: order("x"), at: 1), by: journal)
    #expect(reason.contains("unable to open"), "\(reason)")
    #expect(access(disk.path, F_OK) != 0)
    #expect(rename(disk.path + "-aside", disk.path) == 0)
    _ = try await journal.append(append(["b"], to: order("x"), at: 1))
    #expect(try await journal.load(order("x")).events.map(\.text) == ["a", "b"])
    await journal.close()
  }

  @Test("an older copy of the file is refused, and what it lacks is not written again")
  func olderCopy() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    let journal = try await disk.open()
    _ = try await journal.append(append(["a"], to: order("x")))
    try await journal.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    try duplicate(disk.path, as: disk.path + "-copy")
    _ = try await journal.append(append(["b"], to: order("x"), at: 1))
    try await journal.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    #expect(rename(disk.path, disk.path + "-aside") == 0)
    #expect(rename(disk.path + "-copy", disk.path) == 0)
    try await failOnce(journal)
    let reason = await refusal(of: append(["c"], to: order("x"), at: 1), by: journal)
    #expect(reason.contains("older copy"), "\(reason)")
    #expect(rename(disk.path + "-aside", disk.path) == 0)
    _ = try await journal.append(append(["c"], to: order("x"), at: 2))
    #expect(try await journal.load(order("x")).events.map(\.text) == ["a", "b", "c"])
    await journal.close()
  }

  /// An append whose COMMIT writes nothing, so that the file is opened again.
  private func failOnce(_ journal: SQLiteJournal) async throws {
    powercut_fail_writes(SQLITE_IOERR, 0)
    await #expect(throws: JournalError.self) {
      _ = try await journal.append(append(["lost"], to: order("failing")))
    }
    powercut_fail_writes(SQLITE_OK, 0)
  }

  /// Why an append was not written.
  private func refusal(of append: Append, by journal: SQLiteJournal) async -> String {
    do throws(JournalError) {
      _ = try await journal.append(append)
      return "written"
    } catch {
      guard case .unavailable(let reason) = error else { return "something else: \(error)" }
      return reason
    }
  }

  /// Another order on the same partition.
  private func neighbour(of id: String) -> StreamKey {
    let partition = Partition.holding(id: id, of: 16)
    let ids = (0..<1000).map { "\($0)" }
    return order(ids.first { Partition.holding(id: $0, of: 16) == partition } ?? "none")
  }

  private func duplicate(_ path: String, as other: String) throws {
    let content = try contents(of: path)
    guard let file = fopen(other, "wb") else { throw SetUpFailure(description: "open \(other)") }
    defer { fclose(file) }
    guard fwrite(content, 1, content.count, file) == content.count else {
      throw SetUpFailure(description: "write \(other)")
    }
  }
}

/// Checkpoints, of which SQLite would tell nobody that they fail.
extension PowerCutTests {
  private static var fsyncFailed: Int32 { SQLITE_IOERR | (4 << 8) }

  @Test("a checkpoint that fails is told, appends go on, and it is told when one works again")
  func failingCheckpoint() async throws {
    let told = Noted<Bool>()
    let disk = try ForgetfulDisk {
      $0.idleCheckpointMilliseconds = 600_000
      $0.checkpointPages = 1
      $0.checkpointTrouble = { told.add($0 != nil) }
    }
    let journal = try await disk.open()
    let before = powercut_sync_count()
    try await appendAndCheckpoint("a", at: 0, journal)
    let syncs = powercut_sync_count() - before
    // The last two are the checkpoint's, of the log and of the file.
    powercut_fail_some_syncs(Self.fsyncFailed, syncs - 2, 1)
    try await appendAndCheckpoint("b", at: 1, journal)
    guard case .failed(let reason) = journal.checkpointTrouble else {
      Issue.record("the checkpoint has not failed")
      return
    }
    #expect(reason.contains("cannot be copied"))
    #expect(journal.trouble == nil)
    try await appendAndCheckpoint("c", at: 2, journal)
    #expect(journal.checkpointTrouble == nil)
    #expect(told.all == [true, false])
    #expect(journal.statistics.reopenings == 0)
    await journal.close()
  }

  @Test("a checkpoint that failed is tried again without new work", .timeLimit(.minutes(1)))
  func checkpointTriedAgain() async throws {
    let told = Noted<Bool>()
    let disk = try ForgetfulDisk {
      $0.idleCheckpointMilliseconds = 1
      $0.checkpointTrouble = { told.add($0 != nil) }
    }
    let journal = try await disk.open()
    // The log's head and COMMIT; the next one is the checkpoint's.
    powercut_fail_some_syncs(Self.fsyncFailed, 2, 1)
    _ = try await journal.append(append(["a"], to: order("x")))
    await until { told.all.count == 2 }
    #expect(told.all == [true, false])
    await journal.close()
  }

  /// An append is answered before the checkpoint behind it, and what is asked next after that.
  private func appendAndCheckpoint(
    _ text: String, at version: StreamVersion, _ journal: SQLiteJournal
  ) async throws {
    _ = try await journal.append(append([text], to: order("x"), at: version))
    try await journal.execute(sql: "SELECT 1")
  }
}
