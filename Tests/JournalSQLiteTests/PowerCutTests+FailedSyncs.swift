import CPowerCut
import CSQLite
import Journal
import JournalContract
import JournalSQLite
import SQLite
import Testing

/// What a sync that failed should have brought to disk, no later one does.
extension PowerCutTests {
  @Test("what was told survives syncs that fail, whichever they are", arguments: modes)
  func syncsFail(_ mode: Int) async throws {
    var unknown = 0
    for failing in 0..<18 {
      for count in 1...3 {
        let disk = try ForgetfulDisk()
        let told = try await disk.appendWhileSyncsFail(
          after: failing, count: count, isWatched: (failing + count + mode) % 2 == 0)
        unknown += told.unknown
        disk.cutPower(mode, seed: UInt64(failing * 4 + count))
        let again = try await disk.open()
        for (stream, texts) in told.texts {
          let found = try await again.load(stream).events.map(\.text)
          #expect(found == texts, "\(count) syncs failed after \(failing)")
        }
        await again.close()
      }
    }
    #expect(unknown > 0)
  }

  @Test("what a checkpoint cut short had copied survives the failed sync of a later one")
  func checkpointInTwoParts() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    // Pages of its own, which no later append writes to.
    var large = append(["large"], to: order("large"))
    large.streams[0].events[0].payload += [UInt8](repeating: 120, count: 20_000)
    try await disk.checkpointInTwoParts(after: large)
    disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
    let again = try await disk.open()
    let found = try await again.load(order("large")).events.map(\.payload)
    #expect(found == large.streams[0].events.map(\.payload))
    for number in 0..<10 {
      #expect(try await again.load(order("\(number)")).version == 1)
    }
    await again.close()
  }

  @Test("SQLite alone loses what it tells after a failed sync: these tests can fail")
  func withoutWritingAgain() throws {
    let disk = try ForgetfulDisk()
    try disk.leaveUnsyncedRow()
    _ = try disk.tellRows()
    disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
    #expect(try disk.connect().integer("SELECT count(*) FROM t") == 1)
  }
}

/// What a journal said of its streams.
private struct Told {
  var texts: [StreamKey: [String]] = [:]
  /// Appends of which it could not say whether they were written.
  var unknown = 0
}

extension ForgetfulDisk {
  private static var fsyncFailed: Int32 { SQLITE_IOERR | (4 << 8) }
  private static var checkpoint: String { "PRAGMA wal_checkpoint(PASSIVE)" }

  /// Nine appends to three orders and a checkpoint after every third, then nothing reaches the disk
  /// any more. What has failed is looked up before it goes on.
  fileprivate func appendWhileSyncsFail(
    after failing: Int, count: Int, isWatched: Bool
  ) async throws -> Told {
    let journal = try await open()
    let watcher = isWatched ? try read("SELECT count(*) FROM events") : nil
    powercut_fail_some_syncs(Self.fsyncFailed, failing, count)
    var told = Told()
    for step in 0..<9 {
      let stream = order("\(step % 3)")
      let known = told.texts[stream, default: []]
      let version = StreamVersion(Int64(known.count))
      let added = ["\(step) a", "\(step) b"]
      var isThere = true
      do throws(JournalError) {
        _ = try await journal.append(append(added, to: stream, at: version))
      } catch {
        let settled = await settledVersion(of: stream, in: journal)
        #expect(settled == version || settled == version.advanced(by: 2), "half an append")
        isThere = settled != version
      }
      told.texts[stream] = isThere ? known + added : known
      if step % 3 == 2 { try? await journal.execute(sql: Self.checkpoint) }
    }
    told.unknown = journal.statistics.unknown
    await stop(journal)
    withExtendedLifetime(watcher) {}
    return told
  }

  /// As the writer knows it, once it works again: readers would keep a connection open.
  private func settledVersion(
    of stream: StreamKey, in journal: SQLiteJournal
  ) async -> StreamVersion? {
    for _ in 0..<8 {
      do throws(JournalError) {
        _ = try await journal.append(append([], to: stream, at: 999))
      } catch {
        if case .versionConflict(_, _, let actual) = error { return actual }
      }
    }
    return nil
  }

  /// The first checkpoint copies as far as a reader has got, which SQLite does not sync; the second
  /// copies the rest and fails to sync all; the third works, and the log is begun anew.
  fileprivate func checkpointInTwoParts(after first: Append) async throws {
    let journal = try await open()
    _ = try await journal.append(first)
    let reader = try beginReading()
    _ = try await journal.append(append(["e"], to: order("0")))
    try await journal.execute(sql: Self.checkpoint)
    try reader.execute("COMMIT")
    // The log's sync works, the file's does not.
    powercut_fail_some_syncs(Self.fsyncFailed, 1, 1)
    await #expect(throws: JournalError.self) {
      try await journal.execute(sql: Self.checkpoint)
    }
    try await journal.execute(sql: Self.checkpoint)
    for number in 1..<10 {
      _ = try await journal.append(append(["e"], to: order("\(number)")))
    }
    await stop(journal)
    withExtendedLifetime(reader) {}
  }

  /// Of two rows, the second is written and not synced, neither by its transaction nor on closing.
  fileprivate func leaveUnsyncedRow() throws {
    let connection = try connect()
    try connection.execute(
      """
      PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
      CREATE TABLE t(x); INSERT INTO t VALUES(1);
      """)
    powercut_fail_syncs(Self.fsyncFailed, 0)
    #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO t VALUES(2)") }
  }

  /// SQLite finds both, and its syncs work again. The log is not deleted when it closes, since the
  /// reader that is returned has it open.
  fileprivate func tellRows() throws -> Connection {
    powercut_fail_syncs(SQLITE_OK, 0)
    let connection = try connect()
    #expect(try connection.integer("SELECT count(*) FROM t") == 2)
    let reader = try read("SELECT count(*) FROM t")
    #expect(try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0)
    return reader
  }
}
