import Synchronization

/// A journal in memory with the crash semantics of a disk: what is not flushed is lost by
/// `crash()`, and an append returns only after its flush. For simulations and tests.
public final class MemoryJournal: Journal {
  /// When an append becomes durable.
  public enum Flush: Sendable {
    /// Within `append`, without suspending.
    case immediate
    /// When `flush()` is called; those appended before form one group commit.
    case manual
    /// After this has returned: a disk whose latency is handed in. Several appends that wait at
    /// the same time are flushed by the first that returns.
    case after(@Sendable () async -> Void)
  }

  public struct Options: Sendable {
    public var partitionCount = Partition.defaultCount
    public var flush = Flush.immediate
    public var limits = AppendLimits()
    public var tail = EventTail.Limits()
    /// Appends that may wait for a flush; beyond it they are `.overloaded`.
    public var waitingMax = 8192
    /// A planted bug for tests of tests: appends are acknowledged and visible before `flush()`,
    /// and `crash()` loses them all the same. `flush` is then `.manual`.
    public var acknowledgeBeforeFlush = false
    /// Told of events as they become visible, in the thread that flushes and without the lock.
    public var onCommit: @Sendable ([RecordedEvent]) -> Void = { _ in }

    public init() {}
  }

  final class Pending: Sendable {
    let append: Append
    let result = Mutex<Result<AppendReceipt, JournalError>?>(nil)
    init(_ append: Append) { self.append = append }
  }
  private typealias Outcome = Result<AppendReceipt, JournalError>

  struct State {
    var store: MemoryStore
    /// What a crash goes back to, while something acknowledged is not flushed.
    var flushed: MemoryStore?
    var pending: [(pending: Pending, waiter: UnsafeContinuation<Void, Never>?)] = []
    var fault: String?
    var closed = false
    var flushes = 0
  }

  public let name: String
  public let epoch: JournalEpoch
  public let deadlineSignal = DeadlineSignal()
  private let options: Options
  private let now: @Sendable () -> WallTime
  let tail: EventTail
  let state: Mutex<State>

  public init(
    name: String, epoch: JournalEpoch, options: Options = Options(),
    now: @escaping @Sendable () -> WallTime
  ) {
    var options = options
    options.partitionCount = min(max(1, options.partitionCount), Partition.maximumCount)
    self.name = name
    self.epoch = epoch
    self.options = options
    self.now = now
    let store = MemoryStore(partitionCount: options.partitionCount)
    tail = EventTail(heads: store.heads, limits: options.tail)
    state = Mutex(State(store: store))
  }

  public var partitionCount: Int { options.partitionCount }

  public nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt {
    try append.validate(options.limits)
    let pending = Pending(append)
    if options.acknowledgeBeforeFlush {
      try enqueue(pending)
      flush(durably: false)
    } else {
      switch options.flush {
      case .immediate:
        try enqueue(pending)
        flush()
      case .manual:
        await waitForFlush(of: pending)
      case .after(let disk):
        try enqueue(pending)
        await disk()
        if pending.result.withLock({ $0 }) == nil { flush() }
      }
    }
    guard let outcome = pending.result.withLock({ $0 }) else { throw .unknown("not flushed") }
    return try outcome.get()
  }

  /// Makes everything appended so far durable, as one group commit, and lets its appenders go.
  public func flush() { flush(durably: true) }

  /// The power fails: what was not flushed is gone, and its appenders are told `.unknown`.
  public func crash() {
    let lost = state.withLock { state in
      defer { state.pending = [] }
      if let flushed = state.flushed {
        state.store = flushed
        state.flushed = nil
        tail.reset(to: flushed.heads)
      }
      return state.pending
    }
    for (pending, waiter) in lost {
      pending.result.withLock { $0 = .failure(.unknown("crashed before the flush")) }
      waiter?.resume()
    }
  }

  /// While set, appends are refused as `.unavailable` with this reason, as by a full disk.
  public func setFault(_ reason: String?) { state.withLock { $0.fault = reason } }

  /// Flips a bit of a stored event.
  public func damage(_ partition: Partition, _ position: Position) {
    state.withLock { $0.store.damage(partition, position) }
    tail.reset(to: tail.heads)
  }

  /// Ends it: appends and waits are told `.closed`.
  public func close() {
    crash()
    state.withLock { $0.closed = true }
    tail.close()
  }

  /// Group commits so far.
  public var flushCount: Int { state.withLock { $0.flushes } }
  /// Appends that wait for a flush.
  public var pendingCount: Int { state.withLock { $0.pending.count } }

  private func enqueue(
    _ pending: Pending, _ waiter: UnsafeContinuation<Void, Never>? = nil
  ) throws(JournalError) {
    let refused: JournalError? = state.withLock { state in
      if state.closed { return .closed }
      if let fault = state.fault { return .unavailable(fault) }
      if state.pending.count >= options.waitingMax {
        return .overloaded("\(options.waitingMax) appends wait for \(name)")
      }
      state.pending.append((pending, waiter))
      return nil
    }
    if let refused { throw refused }
  }

  private nonisolated(nonsending) func waitForFlush(of pending: Pending) async {
    await withUnsafeContinuation { (waiter: UnsafeContinuation<Void, Never>) in
      do throws(JournalError) { try enqueue(pending, waiter) } catch {
        pending.result.withLock { $0 = .failure(error) }
        waiter.resume()
      }
    }
  }

  private func flush(durably: Bool) {
    let time = now()
    let (waiting, earliest, recorded) = state.withLock { state in
      if durably { state.flushed = nil } else { state.flushed = state.flushed ?? state.store }
      var recorded: [RecordedEvent] = []
      var earliest: WallTime?
      for (pending, _) in state.pending {
        let outcome: Outcome
        do throws(JournalError) {
          outcome = .success(
            try state.store.apply(pending.append, at: time, recorded: &recorded))
          earliest = pending.append.earliestDeadline(before: earliest)
        } catch { outcome = .failure(error) }
        pending.result.withLock { $0 = outcome }
      }
      if !state.pending.isEmpty { state.flushes += 1 }
      // Within the lock, so that two flushes cannot publish in the wrong order.
      tail.publish(recorded)
      defer { state.pending = [] }
      return (state.pending, earliest, recorded)
    }
    if !recorded.isEmpty { options.onCommit(recorded) }
    if let earliest { deadlineSignal.deadlineSet(earliest) }
    for (_, waiter) in waiting { waiter?.resume() }
  }
}

extension Append {
  /// The earliest deadline it sets, or `other` if that is earlier.
  public func earliestDeadline(before other: WallTime?) -> WallTime? {
    var earliest = other
    for case .set(let deadline) in deadlines {
      earliest = min(earliest ?? deadline.dueAt, deadline.dueAt)
    }
    return earliest
  }
}
