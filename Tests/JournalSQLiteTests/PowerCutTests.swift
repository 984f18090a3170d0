import CPowerCut
import CSQLite
import Journal
import JournalContract
import JournalSQLite
import SQLite
import Synchronization
import Testing

/// Faults are set for the whole process, hence one after the other.
@Suite("A journal in SQLite on a disk that forgets", .serialized)
struct PowerCutTests {
  static let modes = [POWERCUT_LOSE_ALL, POWERCUT_KEEP_PREFIX, POWERCUT_KEEP_SOME]

  @Test("what was acknowledged survives a power cut at any write or sync", arguments: modes)
  func acknowledgedSurvives(_ mode: Int) async throws {
    var writesLost = 0
    for crashPoint in stride(from: 0, to: 60, by: 2) {
      let disk = try ForgetfulDisk()
      // A group is one write: one that fails has not begun, one that is not synced can be torn.
      let isTorn = crashPoint % 4 == 0
      let acknowledged = try await disk.writeUntilPowerCut(
        after: crashPoint, fault: isTorn ? powercut_fail_syncs : powercut_fail_writes)
      writesLost += disk.cutPower(mode, seed: UInt64(crashPoint))
      let lost = try await disk.lost(of: acknowledged)
      #expect(lost.isEmpty, "power cut after \(crashPoint) writes, or syncs")
    }
    #expect(writesLost > 0)
  }

  @Test("what a killed process had not synced is on disk before it is told")
  func recoveredIsSynced() async throws {
    let disk = try ForgetfulDisk()
    let journal = try await disk.open()
    try await leaveUnsynced(in: journal)
    await journal.close()
    powercut_fail_syncs(SQLITE_OK, 0)
    let restarted = try await disk.open()
    let told = try await restarted.load(order("x")).events.map(\.text)
    #expect(told == ["a", "b"])
    powercut_fail_writes(SQLITE_IOERR, 0)
    powercut_fail_syncs(SQLITE_IOERR, 0)
    await restarted.close()
    disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
    let again = try await disk.open()
    #expect(try await again.load(order("x")).events.map(\.text) == told)
    await again.close()
  }

  @Test("a log that is being read is not built on after a failed sync")
  func readWhileRecovering() async throws {
    let disk = try ForgetfulDisk()
    let journal = try await disk.open()
    _ = try await journal.append(append(["z"], to: order("z")))
    let reader = try disk.beginReading()
    try await leaveUnsynced(in: journal)
    powercut_fail_syncs(SQLITE_OK, 0)
    await #expect(throws: JournalError.self) {
      _ = try await journal.append(append(["b"], to: order("x"), at: 1))
    }
    try reader.execute("COMMIT")
    let version = try await settledVersion(of: order("x"), in: journal)
    _ = try await journal.append(append(["c"], to: order("x"), at: version))
    let texts = try await journal.load(order("x")).events.map(\.text)
    #expect(texts == (version == 1 ? ["a", "c"] : ["a", "b", "c"]))
    await journal.close()
  }

  @Test("without syncing the same test finds acknowledged orders lost")
  func unsyncedIsLost() async throws {
    var lost = 0
    for crashPoint in [40, 80] {
      let disk = try ForgetfulDisk { $0.syncsCommits = false }
      let acknowledged = try await disk.writeUntilPowerCut(
        after: crashPoint, fault: powercut_fail_writes)
      disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
      lost += try await disk.lost(of: acknowledged).count
    }
    #expect(lost > 0)
  }

  @Test("a checkpoint cut short by a power cut loses nothing", arguments: modes)
  func checkpointSurvives(_ mode: Int) async throws {
    for crashPoint in stride(from: 0, to: 12, by: 3) {
      let disk = try ForgetfulDisk()
      let journal = try await disk.open()
      for number in 0..<30 {
        _ = try await journal.append(append(["e"], to: order("c\(number)")))
      }
      powercut_fail_writes(SQLITE_IOERR, crashPoint)
      powercut_fail_syncs(SQLITE_IOERR, crashPoint / 4)
      await journal.close()
      disk.cutPower(mode, seed: UInt64(crashPoint))
      let again = try await disk.open()
      for number in 0..<30 {
        #expect(try await again.load(order("c\(number)")).version == 1)
      }
      await again.close()
    }
  }

  @Test("every acknowledgement has a sync of its own or of its group before it")
  func syncsBeforeAcknowledging() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    let journal = try await disk.open()
    for version in 0..<20 {
      let before = powercut_sync_count()
      _ = try await journal.append(
        append(["e"], to: order("s"), at: StreamVersion(Int64(version))))
      #expect(powercut_sync_count() > before)
    }
    await journal.close()
  }

  @Test("what a transaction adds to the log reaches it in one write")
  func oneWritePerTransaction() async throws {
    let disk = try ForgetfulDisk { $0.idleCheckpointMilliseconds = 600_000 }
    let journal = try await disk.open()
    _ = try await journal.append(append(["first"], to: order("s0")))
    for number in 1...20 {
      let before = (writes: powercut_write_count(), syncs: powercut_sync_count())
      _ = try await journal.append(append(["a", "b", "c"], to: order("s\(number)")))
      #expect(powercut_write_count() - before.writes == 1)
      #expect(powercut_sync_count() - before.syncs == 1)
    }
    await journal.close()
  }

  @Test("a transaction larger than the page cache and than one write is whole")
  func largeTransaction() async throws {
    let disk = try ForgetfulDisk { $0.writerCacheKiB = 64 }
    let journal = try await disk.open()
    let large = largeAppend(to: order("large"))
    let before = powercut_write_count()
    _ = try await journal.append(large)
    // 2 MB, by no more than 128 KiB at a time.
    #expect(powercut_write_count() - before >= 16)
    let payloads = large.streams[0].events.map(\.payload)
    #expect(try await journal.load(order("large")).events.map(\.payload) == payloads)
    powercut_fail_writes(SQLITE_IOERR, 0)
    powercut_fail_syncs(SQLITE_IOERR, 0)
    await journal.close()
    disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
    let again = try await disk.open()
    #expect(try await again.load(order("large")).events.map(\.payload) == payloads)
    await again.close()
  }

  /// With a small page cache it is in the log in part before COMMIT.
  @Test("a large transaction that fails at any of its writes is not there", arguments: [64, 8192])
  func largeTransactionFails(_ cacheKiB: Int) async throws {
    for (index, code) in [SQLITE_FULL, SQLITE_IOERR].enumerated() {
      for failing in stride(from: index, to: 16, by: 3) {
        let disk = try ForgetfulDisk { $0.writerCacheKiB = cacheKiB }
        let journal = try await disk.open()
        _ = try await journal.append(append(["a"], to: order("x")))
        powercut_fail_writes(code, failing)
        await #expect(throws: JournalError.self) {
          _ = try await journal.append(largeAppend(to: order("large")))
        }
        powercut_fail_writes(SQLITE_OK, 0)
        let version = try await settledVersion(of: order("x"), in: journal)
        _ = try await journal.append(append(["b"], to: order("x"), at: version))
        #expect(try await journal.load(order("large")).events.isEmpty)
        await journal.close()
        disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
        let again = try await disk.open()
        #expect(try await again.load(order("large")).events.isEmpty)
        #expect(try await again.load(order("x")).events.map(\.text) == ["a", "b"])
        await again.close()
      }
    }
  }

  /// 2 MB.
  private func largeAppend(to stream: StreamKey) -> Append {
    let texts = (0..<100).map { "\($0)" }
    var large = append(texts, to: stream)
    for index in texts.indices {
      large.streams[0].events[index].payload += [UInt8](repeating: 120, count: 20_000)
    }
    return large
  }

  @Test("a failed fsync makes the appends unknown, and the journal goes on")
  func failedSync() async throws {
    let disk = try ForgetfulDisk()
    let journal = try await disk.open()
    try await leaveUnsynced(in: journal)
    #expect(journal.statistics.unknown == 1)
    powercut_fail_syncs(SQLITE_OK, 0)
    // What the stream is now is asked, not guessed; both answers are right, once.
    let version = try await settledVersion(of: order("x"), in: journal)
    #expect(version == 1 || version == 2)
    _ = try await journal.append(append(["c"], to: order("x"), at: version))
    #expect(journal.statistics.reopenings >= 1)
    await journal.close()
    disk.cutPower(POWERCUT_LOSE_ALL, seed: 1)
    let again = try await disk.open()
    let texts = try await again.load(order("x")).events.map(\.text)
    #expect(texts == (version == 1 ? ["a", "c"] : ["a", "b", "c"]))
    await again.close()
  }

  @Test("a disk that fills up while committing refuses, and works again with room")
  func fullWhileCommitting() async throws {
    let disk = try ForgetfulDisk()
    let journal = try await disk.open()
    _ = try await journal.append(append(["a"], to: order("x")))
    powercut_fail_writes(SQLITE_FULL, 0)
    for _ in 0..<3 {
      do throws(JournalError) {
        _ = try await journal.append(append(["b"], to: order("x"), at: 1))
        Issue.record("appended to a full disk")
      } catch {
        guard case .unavailable = error else {
          Issue.record("\(error) instead of unavailable")
          continue
        }
      }
    }
    #expect(try await journal.load(order("x")).version == 1)
    powercut_fail_writes(SQLITE_OK, 0)
    _ = try await journal.append(append(["b"], to: order("x"), at: 1))
    #expect(try await journal.load(order("x")).events.map(\.text) == ["a", "b"])
    await journal.close()
  }

  /// Appends a and b to x, of which b is written and not synced. Syncs fail from then on.
  private func leaveUnsynced(in journal: SQLiteJournal) async throws {
    _ = try await journal.append(append(["a"], to: order("x")))
    powercut_fail_syncs(SQLITE_IOERR | (4 << 8), 0)
    await #expect(throws: JournalError.self) {
      _ = try await journal.append(append(["b"], to: order("x"), at: 1))
    }
  }

  private func settledVersion(
    of stream: StreamKey, in journal: SQLiteJournal
  ) async throws -> StreamVersion {
    // The first append after the fault opens the database again.
    _ = try? await journal.append(append([], to: stream, at: 999))
    return try await journal.load(stream).version
  }
}
