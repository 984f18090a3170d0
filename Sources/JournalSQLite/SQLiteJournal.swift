package import Journal
import Synchronization

/// A journal in one SQLite file: write-ahead log, `synchronous=FULL`, group commit by one writer
/// thread, reads on a few reader threads.
package final class SQLiteJournal: Journal, PooledReader {
  package let epoch: JournalEpoch
  package let partitionCount: Int
  let shared: WriterShared
  let readers: ReaderPool
  private let ended: Ended

  /// Opens the file, makes it on first use, brings an older schema forward.
  ///
  /// Throws `.refused` when somebody else has it open for writing, when a newer version made it,
  /// or when it belongs to another journal; `.corrupt` and `.unavailable` as the storage does. The
  /// time it takes does not depend on the number of events.
  /// - Parameters:
  ///   - now: the wall clock that stamps events; called on the writer's thread.
  ///   - newEpoch: draws the identity of a journal made anew.
  package static func open(
    _ options: SQLiteJournalOptions, now: @escaping @Sendable () -> WallTime,
    newEpoch: @escaping @Sendable () -> JournalEpoch
  ) async throws(JournalError) -> SQLiteJournal {
    let lock: FileLock
    do throws(Errno) {
      guard let taken = try FileLock(path: options.path + "-lock") else {
        throw Errno(code: 0)
      }
      lock = taken
    } catch {
      throw error.code == 0
        ? .refused("\(options.path): in use by another process, or opened twice")
        : .unavailable("\(options.path)-lock: \(error)")
    }
    let ended = Ended()
    let opened = await withUnsafeContinuation {
      (continuation: UnsafeContinuation<Result<Opened, JournalError>, Never>) in
      do throws(Errno) {
        try startThread(named: "\(options.name)-writer") {
          runWriter(options, now: now, newEpoch: newEpoch, opened: continuation)
          lock.release()
          ended.signal()
        }
      } catch {
        ended.signal()
        continuation.resume(returning: .failure(.unavailable("no writer thread: \(error)")))
      }
    }
    // Whoever hears of a failure may open it again at once: the lock is free by then.
    if case .failure = opened { await ended.wait() }
    let (shared, identity) = try opened.get()
    do throws(JournalError) {
      return SQLiteJournal(
        shared, identity, readers: try ReaderPool(options), ended: ended)
    } catch {
      shared.queue.close()
      throw error
    }
  }

  private init(
    _ shared: WriterShared, _ identity: JournalIdentity, readers: ReaderPool, ended: Ended
  ) {
    self.shared = shared
    self.readers = readers
    self.ended = ended
    epoch = identity.epoch
    partitionCount = identity.partitionCount
  }

  deinit {
    shared.queue.close()
    readers.close()
  }

  package var name: String { shared.options.name }
  package var deadlineSignal: DeadlineSignal { shared.deadlineSignal }

  /// What it has done since it was opened.
  package var statistics: JournalStatistics { shared.statistics.withLock { $0 } }
  /// Appends that wait for the writer.
  package var waitingAppends: Int { shared.queue.count }

  /// Beats while the writer thread is at work.
  package var pulse: Pulse { shared.pulse }
  /// Why the writer could not write what it was given last; nil when it could.
  package var trouble: String? { shared.trouble.withLock { $0 } }
  /// Why the log cannot be kept short, though appends are written; nil when it can.
  package var checkpointTrouble: CheckpointTrouble? { shared.checkpointTrouble.withLock { $0 } }

  package nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt {
    try append.validate(shared.options.appendLimits)
    // Unsafe for speed: every job is answered exactly once, by `push` failing or by the writer,
    // which works its queue empty before it ends.
    let outcome = await withUnsafeContinuation {
      (continuation: UnsafeContinuation<WriterJob.Outcome, Never>) in
      switch shared.queue.push(.append(WaitingAppend(append, continuation))) {
      case .pushed: break
      case .full:
        let waiting = shared.options.waitingAppendsMax
        continuation.resume(
          returning: .failure(.overloaded("\(waiting) appends wait for \(name)")))
      case .closed: continuation.resume(returning: .failure(.closed))
      }
    }
    return try outcome.get()
  }

  /// Takes no more, commits what waits, copies the log into the file, and lets go of it. Those who
  /// wait for changes are told `.closed`.
  package nonisolated(nonsending) func close() async {
    readers.close()
    shared.queue.close()
    shared.tail.close()
    await ended.wait()
  }

  /// Runs SQL on the writer's connection between two transactions: for tests and upkeep.
  package nonisolated(nonsending) func execute(sql: String) async throws(JournalError) {
    let failure = await withUnsafeContinuation {
      (continuation: UnsafeContinuation<JournalError?, Never>) in
      switch shared.queue.push(.execute(sql, continuation)) {
      case .pushed: break
      case .full: continuation.resume(returning: .overloaded(name))
      case .closed: continuation.resume(returning: .closed)
      }
    }
    if let failure { throw failure }
  }
}

private typealias Opened = (shared: WriterShared, identity: JournalIdentity)

/// The writer thread's whole life.
private func runWriter(
  _ options: SQLiteJournalOptions, now: @escaping @Sendable () -> WallTime,
  newEpoch: @escaping @Sendable () -> JournalEpoch,
  opened: UnsafeContinuation<Result<Opened, JournalError>, Never>
) {
  let writer: Writer
  do throws(JournalError) {
    let database = try WriterDatabase(options, newEpoch: newEpoch)
    let identity = database.identity
    let shared = WriterShared(options, heads: database.heads, now: now)
    writer = Writer(database, shared: shared)
    opened.resume(returning: .success((shared, identity)))
  } catch {
    opened.resume(returning: .failure(error))
    return
  }
  writer.run()
}

/// Tells those who wait that the writer's thread has let go of the file.
private final class Ended: Sendable {
  private struct State {
    var hasEnded = false
    var waiters: [UnsafeContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  func signal() {
    let waiters = state.withLock { state in
      state.hasEnded = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  nonisolated(nonsending) func wait() async {
    await withUnsafeContinuation { (waiter: UnsafeContinuation<Void, Never>) in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.waiters.append(waiter) }
        return state.hasEnded
      }
      if hasEnded { waiter.resume() }
    }
  }
}
