import Journal
import JournalContract
import JournalSQLite
import SQLite
import Synchronization
import Testing

@Suite("The file of a journal in SQLite", .timeLimit(.minutes(1)))
struct SQLiteJournalFileTests {
  private let directory: TemporaryDirectory
  private let options: SQLiteJournalOptions

  init() throws {
    directory = try TemporaryDirectory()
    options = SQLiteJournalOptions(path: directory.file("order.db"), name: "order")
  }

  private func refusal(_ options: SQLiteJournalOptions) async -> String {
    do { await (try openJournal(options)).close() } catch JournalError.refused(let reason) {
      return reason
    } catch { return "something else: \(error)" }
    return "opened"
  }

  @Test("is refused to a second writer until the first lets go of it")
  func secondWriter() async throws {
    let first = try await openJournal(options)
    #expect(await refusal(options).contains("in use"))
    await first.close()
    let second = try await openJournal(options)
    await second.close()
  }

  @Test("is refused under another name or with another number of partitions")
  func otherIdentity() async throws {
    await (try openJournal(options)).close()
    var renamed = options
    renamed.name = "payment"
    #expect(await refusal(renamed).contains("of 'order'"))
    var repartitioned = options
    repartitioned.partitionCount = 8
    #expect(await refusal(repartitioned).contains("16 partitions"))
    var none = SQLiteJournalOptions(path: directory.file("none.db"), name: "none")
    none.partitionCount = 0
    #expect(await refusal(none).contains("0 partitions"))
  }

  @Test("of an older schema is brought forward with everything in it; a newer one is refused")
  func migration() async throws {
    let old = try await openJournal(options)
    _ = try await old.append(append(["kept"], to: order("1")))
    await old.close()
    var newer = options
    newer.migrations.append(
      Migration(version: 2, sql: "ALTER TABLE events ADD COLUMN later TEXT; CREATE TABLE t(x);"))
    let migrated = try await openJournal(newer)
    #expect(try await migrated.load(order("1")).events.map(\.text) == ["kept"])
    await migrated.close()
    #expect(await refusal(options).contains("schema version 2"))
  }

  @Test("stays as it was when a migration fails half-way")
  func failedMigration() async throws {
    let old = try await openJournal(options)
    _ = try await old.append(append(["kept"], to: order("1")))
    await old.close()
    var broken = options
    broken.migrations.append(
      Migration(version: 2, sql: "CREATE TABLE half(x); CREATE TABLE meta(x);"))
    await #expect(throws: JournalError.self) { _ = try await openJournal(broken) }
    let again = try await openJournal(options)
    #expect(try await again.load(order("1")).events.map(\.text) == ["kept"])
    await again.close()
  }

  @Test("can be read beside its writer, and without one, but not followed")
  func readOnly() async throws {
    let writer = try await openJournal(options)
    _ = try await writer.append(append(["a"], to: order("1")))
    let reader = try await SQLiteJournalReader.open(options)
    #expect(reader.epoch == writer.epoch)
    _ = try await writer.append(append(["b"], to: order("1"), at: 1))
    #expect(try await reader.load(order("1")).events.map(\.text) == ["a", "b"])
    #expect(try await reader.heads() == (try await writer.heads()))
    #expect(try await reader.integrityErrors(limit: 10) == [])
    await #expect(throws: JournalError.self) { try await reader.waitForChange(after: []) }
    await writer.close()
    let alone = try await SQLiteJournalReader.open(options)
    #expect(try await alone.load(order("1")).version == 2)
  }

  @Test("that does not exist is not made by reading")
  func readingMakesNothing() async throws {
    await #expect(throws: JournalError.self) { _ = try await SQLiteJournalReader.open(options) }
    #expect(throws: SQLiteError.self) {
      _ = try Connection(path: options.path, mode: .readOnly)
    }
  }

  @Test("is synced at every commit: synchronous=FULL and a write-ahead log")
  func settings() async throws {
    let journal = try await openJournal(options)
    let reader = try Connection(path: options.path, mode: .readOnly)
    #expect(try reader.text("PRAGMA journal_mode") == "wal")
    // Only the writer's connection knows: whatever it has but 2, which is FULL, fails here.
    let isFull = """
      CREATE TEMP TABLE level(value CHECK(value = 2));
      INSERT INTO level SELECT synchronous FROM pragma_synchronous;
      """
    try await journal.execute(sql: isFull)
    await journal.close()
    var careless = SQLiteJournalOptions(path: directory.file("careless.db"), name: "careless")
    careless.syncsCommits = false
    let other = try await openJournal(careless)
    await #expect(throws: JournalError.self) { try await other.execute(sql: isFull) }
    await other.close()
  }

  @Test("a damaged deadline is passed over and told of; the others are not held up")
  func damagedDeadline() async throws {
    let told = Mutex<[Corruption]>([])
    var options = options
    options.damaged = { damage in told.withLock { $0.append(damage) } }
    let journal = try await openJournal(options)
    for number in 1...3 {
      var due = append(["e"], to: order("\(number)"))
      due.deadlines = [
        .set(
          Deadline(
            key: DeadlineKey(stream: order("\(number)"), kind: "late"),
            dueAt: WallTime(milliseconds: Int64(number)), owner: "o", payload: ""))
      ]
      _ = try await journal.append(due)
    }
    try await journal.execute(sql: "UPDATE deadlines SET checksum = checksum + 1 WHERE due_at = 1")
    let due = try await journal.dueDeadlines(at: WallTime(milliseconds: 2), limit: 10)
    #expect(due.map(\.key.stream) == [order("2")])
    #expect(try await journal.nextDeadline(after: nil)?.key.stream == order("2"))
    #expect(
      try await journal.deadlines(kind: "late", after: nil, limit: 10).map(\.key.stream)
        == [order("2"), order("3")])
    await #expect(throws: JournalError.self) {
      _ = try await journal.deadlines(of: order("1"))
    }
    #expect(told.withLock { Set($0.map(\.stream)) } == [order("1")])
    await journal.close()
  }

  @Test("that is no database is named, not trapped on")
  func garbage() async throws {
    let connection = try Connection(path: directory.file("other.db"), mode: .create)
    try connection.execute("CREATE TABLE t(x)")
    var notOurs = options
    notOurs.path = directory.file("order.db")
    let journal = try await openJournal(options)
    _ = try await journal.append(append(["SQLite"], to: order("1")))
    await journal.close()
    try flipByte(of: Array("SQLite format 3".utf8), in: options.path)
    do {
      _ = try await openJournal(notOurs)
      Issue.record("opened")
    } catch JournalError.corrupt(let corruption) {
      #expect(corruption.file == options.path)
    }
  }

  @Test("a closed journal answers so, and appends before it are kept")
  func closed() async throws {
    let journal = try await openJournal(options)
    async let kept = journal.append(append(["a"], to: order("1")))
    _ = try await kept
    await journal.close()
    await #expect(throws: JournalError.closed) {
      _ = try await journal.append(append(["b"], to: order("1"), at: 1))
    }
    await #expect(throws: JournalError.closed) { _ = try await journal.load(order("1")) }
    await #expect(throws: JournalError.closed) {
      _ = try await journal.waitForChange(after: journal.heads())
    }
  }

  @Test("more appends than may wait are refused as overload, the others are kept")
  func overload() async throws {
    let gate = try Gate()
    var narrow = options
    narrow.waitingAppendsMax = 4
    narrow.committed = { _ in gate.pass() }
    let journal = try await openJournal(narrow)
    async let first = journal.append(append(["e"], to: order("first")))
    await until { gate.isReached }
    let refused = Noted<JournalError>()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          do throws(JournalError) {
            _ = try await journal.append(append(["e"], to: order("\(number)")))
          } catch { refused.add(error) }
        }
      }
      await until { refused.all.count == 196 }
      gate.open()
    }
    _ = try await first
    let overloaded = JournalError.overloaded("4 appends wait for order")
    #expect(refused.all == Array(repeating: overloaded, count: 196))
    #expect(try await journal.heads().reduce(0) { $0 + $1.value } == 5)
    await journal.close()
  }
}
