import Synchronization

/// The heads of a journal's partitions, their latest events, and those who wait for more. Lets
/// subscribers that keep up read without touching the disk. Adapters publish to it after a commit.
public final class EventTail: Sendable {
  /// Bounds of a tail.
  public struct Limits: Sendable, Equatable {
    /// Kept per partition.
    public var eventsMax: Int
    public var payloadBytesMax: Int
    /// Tasks that may wait for a change.
    public var waitersMax: Int

    public init(
      eventsMax: Int = 256, payloadBytesMax: Int = 256 * 1024, waitersMax: Int = 1024
    ) {
      self.eventsMax = eventsMax
      self.payloadBytesMax = payloadBytesMax
      self.waitersMax = waitersMax
    }
  }

  private enum Wake {
    case changed([Position])
    case cancelled, closed, full
  }

  private struct Waiter {
    let number: UInt64
    let continuation: UnsafeContinuation<Wake, Never>
  }

  private struct State {
    var slots: [Slot]
    var waiters: [Waiter] = []
    var nextNumber: UInt64 = 0
    var closed = false

    var heads: [Position] { slots.map(\.head) }

    /// Those who wait, who wait no longer.
    mutating func takeWaiters() -> [Waiter] {
      defer { waiters.removeAll(keepingCapacity: true) }
      return waiters
    }

    func isBeyond(_ heads: [Position]) -> Bool {
      zip(slots, heads).contains { $0.head > $1 }
    }
  }

  private let limits: Limits
  private let state: Mutex<State>

  public init(heads: [Position], limits: Limits = Limits()) {
    self.limits = limits
    state = Mutex(State(slots: heads.map { Slot(head: $0) }))
  }

  /// The last position of every partition.
  public var heads: [Position] { state.withLock { $0.heads } }

  /// Adds what a commit made durable, in order of position within each partition.
  public func publish(_ events: [RecordedEvent]) {
    guard !events.isEmpty else { return }
    let (woken, heads) = state.withLock { state -> ([Waiter], [Position]) in
      for event in events where state.slots.indices.contains(event.partition.index) {
        state.slots[event.partition.index].add(event, limits)
      }
      let woken = state.takeWaiters()
      return (woken, woken.isEmpty ? [] : state.heads)
    }
    for waiter in woken { waiter.continuation.resume(returning: .changed(heads)) }
  }

  /// At most `limit` events after `position`, or nil when they must be read from disk.
  public func recent(
    in partition: Partition, after position: Position, limit: Int
  ) -> [RecordedEvent]? {
    state.withLock { state in
      guard state.slots.indices.contains(partition.index) else { return [] }
      return state.slots[partition.index].recent(after: position, limit: limit)
    }
  }

  /// The heads, once that of any partition is beyond what `heads` has for it.
  public nonisolated(nonsending) func wait(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    let number = state.withLock { state in
      state.nextNumber &+= 1
      return state.nextNumber
    }
    let wake = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Wake, Never>) in
        let atOnce: Wake? = state.withLock { state -> Wake? in
          if Task.isCancelled { return .cancelled }
          if state.closed { return .closed }
          if state.isBeyond(heads) { return .changed(state.heads) }
          if state.waiters.count >= limits.waitersMax { return .full }
          state.waiters.append(Waiter(number: number, continuation: continuation))
          return nil
        }
        if let atOnce { continuation.resume(returning: atOnce) }
      }
    } onCancel: {
      let cancelled = state.withLock { state -> Waiter? in
        guard let at = state.waiters.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.waiters.remove(at: at)
      }
      cancelled?.continuation.resume(returning: .cancelled)
    }
    switch wake {
    case .changed(let heads): return heads
    case .cancelled: throw .cancelled
    case .closed: throw .closed
    case .full: throw .overloaded("\(limits.waitersMax) tasks wait for changes")
    }
  }

  /// How many wait.
  public var waiterCount: Int { state.withLock { $0.waiters.count } }

  /// Starts again from these heads, with nothing kept.
  public func reset(to heads: [Position]) {
    let woken = state.withLock { state in
      state.slots = heads.map { Slot(head: $0) }
      return state.takeWaiters()
    }
    for waiter in woken { waiter.continuation.resume(returning: .changed(heads)) }
  }

  /// Lets every waiter go, and every later one at once.
  public func close() {
    let woken = state.withLock { state in
      state.closed = true
      return state.takeWaiters()
    }
    for waiter in woken { waiter.continuation.resume(returning: .closed) }
  }
}

/// The head of one partition and its latest events.
private struct Slot {
  var head: Position
  /// Up to `head`, from index `first` on.
  private var events: [RecordedEvent] = []
  private var first = 0
  private var payloadBytes = 0
  /// Of the events before `first`.
  private var droppedBytes = 0

  init(head: Position) { self.head = head }

  mutating func add(_ event: RecordedEvent, _ limits: EventTail.Limits) {
    head = event.position
    events.append(event)
    payloadBytes += event.payload.count
    while first < events.count,
      events.count - first > limits.eventsMax || payloadBytes > limits.payloadBytesMax
    {
      payloadBytes -= events[first].payload.count
      droppedBytes += events[first].payload.count
      first += 1
    }
    // Dropped events leave the array in bulk, so that adding one costs O(1) on average.
    if first > limits.eventsMax || droppedBytes > limits.payloadBytesMax {
      events.removeFirst(first)
      first = 0
      droppedBytes = 0
    }
  }

  func recent(after position: Position, limit: Int) -> [RecordedEvent]? {
    guard position < head, limit > 0 else { return [] }
    let missing = head.value &- position.value
    let kept = events.count - first
    guard missing <= Int64(kept) else { return nil }
    let from = events.count - Int(missing)
    return Array(events[from..<min(events.count, from + min(limit, kept))])
  }
}
