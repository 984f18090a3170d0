import Glibc
import Journal
import SQLite
import Synchronization

/// What the writer's thread is asked to do.
enum WriterJob: Sendable {
  typealias Outcome = Result<AppendReceipt, JournalError>

  case append(WaitingAppend)
  /// Runs SQL between transactions: for tests and upkeep.
  case execute(String, UnsafeContinuation<JournalError?, Never>)
}

/// An append and who waits for it. A reference: appends are large, and queues move what is in them.
final class WaitingAppend: Sendable {
  let append: Append
  let continuation: UnsafeContinuation<WriterJob.Outcome, Never>

  init(_ append: Append, _ continuation: UnsafeContinuation<WriterJob.Outcome, Never>) {
    self.append = append
    self.continuation = continuation
  }
}

/// Shared between the writer's thread and everybody else.
final class WriterShared: Sendable {
  let options: SQLiteJournalOptions
  let queue: WorkQueue<WriterJob>
  let tail: EventTail
  let deadlineSignal = DeadlineSignal()
  let now: @Sendable () -> WallTime
  let statistics = Mutex(JournalStatistics())
  /// Beats while the writer is at work.
  let pulse = Pulse()
  /// Why the last group could not be written; nil when it could.
  let trouble = Mutex<String?>(nil)
  /// Why the log cannot be kept short; nil when it can.
  let checkpointTrouble = Mutex<CheckpointTrouble?>(nil)

  init(
    _ options: SQLiteJournalOptions, heads: [Position], now: @escaping @Sendable () -> WallTime
  ) {
    self.options = options
    self.now = now
    queue = WorkQueue(elementsMax: options.waitingAppendsMax)
    tail = EventTail(heads: heads, limits: options.tailLimits)
  }
}

/// Why the log grows.
package enum CheckpointTrouble: Sendable {
  /// The storage does not take what is copied.
  case failed(String)
  /// Somebody reads what is to be copied, and does not end, such as a backup.
  case hindered(String)
}

/// The only one who writes: takes whatever waits, commits it as one group, then lets those go who
/// waited for it. Lives on its thread.
final class Writer {
  private let shared: WriterShared
  private let epoch: JournalEpoch
  /// nil after a failure, until it could be opened again.
  private var database: WriterDatabase?
  private var owesCheckpoint = false
  /// The log must be copied into the file before it is built on: a failed fsync may have left
  /// pages in memory that are marked as written.
  private var mustCheckpoint = false

  init(_ database: WriterDatabase, shared: WriterShared) {
    self.database = database
    self.shared = shared
    epoch = database.identity.epoch
  }

  /// Works until the queue is closed and empty.
  func run() {
    while true {
      let idle = owesCheckpoint ? shared.options.idleCheckpointMilliseconds : nil
      switch shared.queue.take(
        countMax: shared.options.groupAppendsMax, waitMilliseconds: idle)
      {
      case .elements(let jobs): work(jobs)
      case .idle:
        owesCheckpoint = false
        checkpoint()
      case .closed:
        _ = try? database?.connection.emptyLog()
        database = nil
        return
      }
    }
  }

  private func work(_ jobs: [WriterJob]) {
    var appends: [WaitingAppend] = []
    appends.reserveCapacity(jobs.count)
    for job in jobs {
      switch job {
      case .append(let append): appends.append(append)
      case .execute(let sql, let continuation):
        commit(appends)
        appends.removeAll()
        continuation.resume(returning: execute(sql))
      }
    }
    commit(appends)
  }

  private func commit(_ appends: [WaitingAppend]) {
    guard !appends.isEmpty else { return }
    var waiting = appends
    while !waiting.isEmpty { waiting = write(waiting) }
    if let pages = database?.connection.logPages, pages >= shared.options.checkpointPages {
      checkpoint()
    }
  }

  /// Writes them as one group, and lets those go whose outcome that is. Returns the others, to be
  /// written without the one that has come upon damage.
  private func write(_ appends: [WaitingAppend]) -> [WaitingAppend] {
    let beat = shared.pulse.begin()
    defer { shared.pulse.end(beat) }
    var group: CommittedGroup
    do throws(JournalError) { group = try attempt(appends) } catch {
      shared.trouble.withLock { $0 = "\(error)" }
      shared.statistics.withLock { $0.unavailable += appends.count }
      for append in appends { append.continuation.resume(returning: .failure(error)) }
      return []
    }
    if let damage = group.damage { recover(from: damage, &group) }
    let trouble = group.hasFailed ? group.firstTrouble : nil
    shared.trouble.withLock { $0 = trouble }
    count(group)
    if !group.events.isEmpty { shared.tail.publish(group.events) }
    if let time = group.earliestDeadline { shared.deadlineSignal.deadlineSet(time) }
    owesCheckpoint = true
    for (append, outcome) in zip(group.appends, group.outcomes) {
      append.continuation.resume(returning: outcome)
    }
    return group.left
  }

  /// Copies the log into the file. Appends go on when that fails, or when somebody is in the way
  /// and stays there; but the log grows then, which is told, and tried again without new work.
  private func checkpoint() {
    guard let connection = database?.connection else { return }
    let beat = shared.pulse.begin()
    defer { shared.pulse.end(beat) }
    let path = shared.options.path
    var trouble: CheckpointTrouble?
    do throws(SQLiteError) {
      let (log, copied) = try connection.checkpoint()
      if log > shared.options.logPagesMax, copied < log {
        trouble = .hindered(
          "\(path): its log has grown to \(log) pages, which somebody keeps reading")
      }
    } catch { trouble = .failed("\(path): its log cannot be copied into it: \(error)") }
    if trouble != nil { owesCheckpoint = true }
    let before = shared.checkpointTrouble.withLock { told in
      defer { told = trouble }
      return told
    }
    if (before == nil) != (trouble == nil) { shared.options.checkpointTrouble?(trouble) }
  }

  /// A function of its own, so that nothing but `database` holds what `recover` must close.
  private func attempt(_ appends: [WaitingAppend]) throws(JournalError) -> CommittedGroup {
    let database = try usableDatabase()
    guard let committed = shared.options.committed else {
      return database.commit(appends, at: shared.now())
    }
    let begin = Self.nanoseconds()
    let group = database.commit(appends, at: shared.now())
    if !group.hasFailed { committed(Self.nanoseconds() - begin) }
    return group
  }

  private static func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// The database, opened again if a failure closed it.
  private func usableDatabase() throws(JournalError) -> WriterDatabase {
    if let database { return database }
    let known = shared.tail.heads
    let opened: WriterDatabase
    do throws(JournalError) {
      opened = try WriterDatabase(shared.options, newEpoch: nil, known: known)
      guard opened.identity.epoch == epoch else {
        throw .refused("\(shared.options.path): replaced by another journal while it was open")
      }
      // What is appended builds on where the partitions end. What their last events say does not
      // count: whoever reads one finds out whether it is damaged.
      guard zip(opened.heads, known).allSatisfy({ $0 >= $1 }) else {
        throw .refused("\(shared.options.path): ends before what it had, as an older copy does")
      }
      guard !mustCheckpoint || opened.isLogEmpty else {
        throw .unavailable("\(shared.options.path): its log cannot be emptied now")
      }
    } catch {
      // Nothing of the append has been tried.
      guard case .corrupt = error else { throw .unavailable("\(error)") }
      throw error
    }
    mustCheckpoint = false
    shared.statistics.withLock { $0.reopenings += 1 }
    shared.tail.reset(to: opened.heads)
    database = opened
    return opened
  }

  /// Closes and opens the database; only then are those told whose appends failed, so that what
  /// they reload is what will stay.
  private func recover(from damage: CommittedGroup.Damage, _ group: inout CommittedGroup) {
    let headsBefore = shared.tail.heads
    database = nil
    mustCheckpoint = mustCheckpoint || damage == .atCommit
    guard let heads = try? usableDatabase().heads else { return }
    if damage == .fullAtCommit, heads == headsBefore {
      // Out of room before the transaction's last frame: it never was. Appends without events
      // leave no trace to tell by, but a full disk takes no frame of them either.
      let reason = "\(shared.options.path): disk full"
      group.outcomes = group.outcomes.map { _ in .failure(.unavailable(reason)) }
    }
  }

  private func execute(_ sql: String) -> JournalError? {
    let beat = shared.pulse.begin()
    defer { shared.pulse.end(beat) }
    do throws(JournalError) {
      let database = try usableDatabase()
      do throws(SQLiteError) { try database.connection.execute(sql) } catch {
        throw JournalError(error, file: shared.options.path)
      }
      return nil
    } catch { return error }
  }

  private func count(_ group: CommittedGroup) {
    shared.statistics.withLock { statistics in
      for outcome in group.outcomes {
        switch outcome {
        case .success: statistics.appends += 1
        case .failure(.versionConflict): statistics.conflicts += 1
        case .failure(.unknown): statistics.unknown += 1
        case .failure: statistics.unavailable += 1
        }
      }
      statistics.events += group.events.count
      if group.outcomes.count > group.conflicts, !group.hasFailed { statistics.commits += 1 }
    }
  }
}
