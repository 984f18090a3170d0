import Glibc
import Journal
import JournalContract
import SQLite
import Synchronization

@testable import JournalSQLite

/// A directory of its own, removed when it goes.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/baedal-journal-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SetUpFailure(description: "mkdtemp") }
    path = String(cString: made)
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      unlink("\(path)/\(name)")
    }
    closedir(directory)
    rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

struct SetUpFailure: Error, CustomStringConvertible {
  let description: String
}

/// What happened, in its order.
final class Noted<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  func add(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}

/// Lets other tasks run until `condition` holds, or the test's time limit cancels it.
func until(_ condition: () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}

/// Stops the writer's thread behind a transaction until it is opened: what is appended meanwhile
/// waits, and is one group then.
final class Gate: Sendable {
  private let pipe: (read: Int32, write: Int32)
  private let reached = Atomic<Bool>(false)

  init() throws {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw SetUpFailure(description: "pipe") }
    pipe = (ends[0], ends[1])
  }

  deinit { close(pipe.read) }

  var isReached: Bool { reached.load(ordering: .sequentiallyConsistent) }

  /// Returns when it is open.
  func pass() {
    reached.store(true, ordering: .sequentiallyConsistent)
    var byte: UInt8 = 0
    _ = read(pipe.read, &byte, 1)
  }

  /// Once, and for good: there is nothing to wait for in a pipe that nobody can write to.
  func open() { close(pipe.write) }
}

/// A clock that only the test moves.
func steppingClock() -> @Sendable () -> WallTime {
  let ticks = Ticks()
  return {
    WallTime(
      milliseconds: ticks.value.withLock {
        $0 += 1; return $0
      })
  }
}

private final class Ticks: Sendable {
  let value = Mutex<Int64>(1_700_000_000_000)
}

func openJournal(_ options: SQLiteJournalOptions) async throws -> SQLiteJournal {
  try await SQLiteJournal.open(options, now: steppingClock(), newEpoch: { JournalEpoch("e1") })
}

actor SQLiteHarness: JournalHarness {
  let directory: TemporaryDirectory
  let options: SQLiteJournalOptions
  private var opened: SQLiteJournal

  init(_ change: (inout SQLiteJournalOptions) -> Void = { _ in }) async throws {
    directory = try TemporaryDirectory()
    var options = SQLiteJournalOptions(path: directory.file("test.db"), name: "test")
    change(&options)
    self.options = options
    opened = try await openJournal(options)
  }

  var journal: any Journal { opened }
  var groupCommits: Int { opened.statistics.commits }
  var waiters: Int { opened.shared.tail.waiterCount }

  func reopen() async throws {
    await opened.close()
    opened = try await openJournal(options)
  }

  func flipBit(_ partition: Partition, _ position: Position) async throws {
    let event = try await opened.read(
      partition: partition, after: Position(position.value - 1), limit: 1)
    guard let payload = event.first?.payload else {
      throw SetUpFailure(description: "no event to damage")
    }
    await opened.close()
    try flipByte(of: payload, in: options.path)
    opened = try await openJournal(options)
  }

  func fillStorage() async throws {
    let connection = try Connection(path: options.path, mode: .readOnly)
    let pages = try connection.integer("PRAGMA page_count") ?? 0
    try await opened.execute(sql: "PRAGMA max_page_count=\(pages + 1)")
  }

  func freeStorage() async throws {
    try await opened.execute(sql: "PRAGMA max_page_count=1073741823")
  }

  func dispose() async { await opened.close() }
}

/// What stands in the file now.
func contents(of path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw SetUpFailure(description: "open \(path)") }
  defer { fclose(file) }
  fseek(file, 0, SEEK_END)
  var content = [UInt8](repeating: 0, count: ftell(file))
  fseek(file, 0, SEEK_SET)
  _ = fread(&content, 1, content.count, file)
  return content
}

/// Puts another byte in the place of one in the file.
func put(_ byte: UInt8, at offset: Int, in path: String) throws {
  guard let file = fopen(path, "r+b") else { throw SetUpFailure(description: "open \(path)") }
  defer { fclose(file) }
  fseek(file, offset, SEEK_SET)
  fputc(Int32(byte), file)
}

/// Flips one bit of the first place in the file where these bytes stand.
func flipByte(of bytes: [UInt8], in path: String) throws {
  let content = try contents(of: path)
  let at = content.indices.first { start in
    start + bytes.count <= content.count && content[start] == bytes.first
      && content[start..<(start + bytes.count)].elementsEqual(bytes)
  }
  guard let at else { throw SetUpFailure(description: "the bytes are not in the file") }
  let middle = at + bytes.count / 2
  try put(content[middle] ^ 0x04, at: middle, in: path)
}
