import Journal
import SQLite
import Synchronization

/// The one connection that writes a view. Whatever batches wait go into the next transaction;
/// `synchronous=NORMAL`, since what a power cut takes is read from the journals again, together
/// with the cursors that stood beside it.
///
/// With an interval, a transaction begins no earlier than that after the one before, unless much
/// waits: the events of one order, which come from four journals within moments, then change its
/// row once.
final class ViewWriter<Tables: ViewTables>: Sendable {
  typealias Batch = ViewBatch<Tables.Change>
  typealias Outcome = Result<Void, ViewError>

  private struct Waiting {
    let batch: Batch
    let done: UnsafeContinuation<Outcome, Never>
  }

  private struct State {
    var waiting: [Waiting] = []
    var waitingChanges = 0
    /// A run of `drain` is due, or at work.
    var isRunning = false
    /// That run is still to begin.
    var isDelayed = false
    var isClosed = false
    var interval = Duration.zero
    var lastBegan: ContinuousClock.Instant?
  }

  private let thread: DatabaseThread<ViewFile<Tables>>
  private let state = Mutex(State())
  private let publish: @Sendable ([Tables.Changed]) -> Void
  private let waitingMax = 1024
  /// Changes of one transaction; what waits beyond them goes into the next.
  private let changesMax = 4096
  /// With so many changes waiting there is nothing to gain from waiting longer.
  private let changesAtOnce = 1024

  init(
    named name: String,
    _ make: @escaping @Sendable () throws(ViewError) -> sending ViewFile<Tables>,
    publish: @escaping @Sendable ([Tables.Changed]) -> Void
  ) throws(ViewError) {
    self.publish = publish
    thread = try DatabaseThread(named: "\(name)-writer", jobsMax: 1024, make)
  }

  /// From now on lets that time pass between two transactions.
  func pace(_ interval: Duration) { state.withLock { $0.interval = interval } }

  nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await thread.run { (file) throws(ViewError) in file.cursors }
  }

  /// How many changes wait to be written.
  var waitingChanges: Int { state.withLock { $0.waitingChanges } }

  /// Goes on in another file when that at `path` turned out to be damaged.
  func startAnew(insteadOf path: String, because error: ViewError) {
    thread.start { $0.startAnew(insteadOf: path, because: error) }
  }

  nonisolated(nonsending) func apply(_ batch: Batch) async throws(ViewError) {
    let outcome = await withUnsafeContinuation { (done: UnsafeContinuation<Outcome, Never>) in
      let decision: (refused: ViewError?, delay: Duration?) = state.withLock { state in
        if state.isClosed { return (.closed, nil) }
        if state.waiting.count >= waitingMax {
          return (.overloaded("\(waitingMax) batches wait"), nil)
        }
        state.waiting.append(Waiting(batch: batch, done: done))
        state.waitingChanges += batch.changes.count
        return (nil, delayOfRun(&state))
      }
      if let refused = decision.refused { return done.resume(returning: .failure(refused)) }
      if let delay = decision.delay { thread.start(after: delay) { self.drain($0) } }
    }
    try outcome.get()
  }

  /// When to run for what has come to wait; nil when a run will find it.
  private func delayOfRun(_ state: inout State) -> Duration? {
    let isMuch = state.waitingChanges >= changesAtOnce
    guard !state.isRunning || (state.isDelayed && isMuch) else { return nil }
    var delay = Duration.zero
    if !isMuch, let lastBegan = state.lastBegan {
      delay = max(.zero, state.interval - lastBegan.duration(to: .now))
    }
    state.isRunning = true
    state.isDelayed = delay > .zero
    return delay
  }

  /// Runs on the thread until nothing waits, or until it is too early for the next transaction.
  private func drain(_ file: ViewFile<Tables>) {
    while true {
      let group: [Waiting] = state.withLock { state in
        state.isDelayed = false
        var changes = 0
        let end =
          state.waiting.firstIndex { entry in
            guard changes < changesMax else { return true }
            changes += entry.batch.changes.count
            return false
          } ?? state.waiting.endIndex
        let group = Array(state.waiting[..<end])
        state.waiting.removeFirst(end)
        state.waitingChanges -= changes
        if group.isEmpty { state.isRunning = false } else { state.lastBegan = .now }
        return group
      }
      if group.isEmpty { return }
      write(group, file)
      let delay = state.withLock { state -> Duration? in
        guard !state.waiting.isEmpty else { return .zero }
        state.isRunning = false
        return delayOfRun(&state)
      }
      if let delay, delay > .zero { return thread.start(after: delay) { self.drain($0) } }
    }
  }

  private func write(_ group: [Waiting], _ file: ViewFile<Tables>) {
    let outcome = file.write(group.map(\.batch))
    switch outcome {
    case .success(let changed):
      publish(changed)
      for entry in group { entry.done.resume(returning: .success(())) }
    case .failure(let error):
      // One batch that cannot be written must not fail those that share its transaction.
      guard group.count > 1 else {
        for entry in group { entry.done.resume(returning: .failure(error)) }
        return
      }
      for entry in group { write([entry], file) }
    }
  }

  /// Ends it; batches that wait are still written.
  nonisolated(nonsending) func close() async {
    state.withLock { state in
      state.isClosed = true
      state.interval = .zero
    }
    thread.start { self.drain($0) }
    await thread.close()
  }
}

/// Batches, cursors and tables in one transaction. Belongs to the writing thread.
final class ViewTransaction<Tables: ViewTables> {
  let path: String
  private let connection: Connection
  private let tables: Tables
  private let begin: Statement
  private let commit: Statement
  private let putCursor: Statement
  private(set) var cursors: ViewCursors
  /// False while what is in memory may not be what the file has.
  private var isUsable = true

  init(path: String, connection: Connection, tables: Tables) throws(SQLiteError) {
    self.path = path
    self.connection = connection
    self.tables = tables
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    putCursor = try connection.prepare("INSERT OR REPLACE INTO cursors VALUES(?,?,?,?)")
    cursors = try connection.viewCursors()
  }

  /// All of it or nothing.
  func write(_ batches: [ViewBatch<Tables.Change>]) -> Result<[Tables.Changed], ViewError> {
    do throws(ViewError) {
      if !isUsable { try recover() }
      var moved = cursors
      var fresh: [Fresh] = []
      for batch in batches where try moved.accepts(batch) {
        fresh.append((batch, moved))
        for cursor in batch.cursors { moved.take(cursor, of: batch.source) }
      }
      guard !fresh.isEmpty else { return .success([]) }
      let changed = try commit(fresh)
      cursors = moved
      return .success(changed)
    } catch { return .failure(error) }
  }

  private typealias Fresh = (batch: ViewBatch<Tables.Change>, taken: ViewCursors)

  private func commit(_ batches: [Fresh]) throws(ViewError) -> [Tables.Changed] {
    do throws(SQLiteError) {
      try begin.run()
      for (batch, taken) in batches {
        try tables.apply(batch, after: taken)
        for cursor in batch.cursors
        where cursor.position > taken.position(batch.source, cursor.partition) {
          putCursor.bind(1, batch.source)
          putCursor.bind(2, Int64(cursor.partition.index))
          putCursor.bind(3, cursor.position.value)
          putCursor.bind(4, cursor.epoch.text)
          try putCursor.run()
        }
      }
      let changed = try tables.flush()
      try commit.run()
      return changed
    } catch {
      // What fails here is tried again before the next one.
      try? recover()
      throw ViewError(error, in: path)
    }
  }

  /// Back to what the file has, which after a failed COMMIT may be either side of it.
  private func recover() throws(ViewError) {
    isUsable = false
    do throws(SQLiteError) {
      if !connection.isAutocommit { try connection.execute("ROLLBACK") }
      try tables.rollBack()
      cursors = try connection.viewCursors()
      isUsable = true
    } catch { throw ViewError(error, in: path) }
  }
}
