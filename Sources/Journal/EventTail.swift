import Synchronization

/// The heads of a journal's partitions, their latest events, and those who wait for more. Lets
/// subscribers that keep up read without touching the disk. Adapters publish to it after a commit.
package final class EventTail: Sendable {
  /// Bounds of a tail, per partition.
  package struct Limits: Sendable, Equatable {
    package var eventsMax: Int
    package var payloadBytesMax: Int
    package var waitersMax: Int

    package init(
      eventsMax: Int = 256, payloadBytesMax: Int = 256 * 1024, waitersMax: Int = 1024
    ) {
      self.eventsMax = eventsMax
      self.payloadBytesMax = payloadBytesMax
      self.waitersMax = waitersMax
    }
  }

  fileprivate enum Wake { case changed, cancelled, closed, full }

  fileprivate struct Waiter {
    let number: UInt64
    let after: Position
    let continuation: UnsafeContinuation<Wake, Never>
  }

  fileprivate struct State {
    var head: Position
    /// The latest events, up to `head`, from index `first` on.
    var events: [RecordedEvent] = []
    var first = 0
    var payloadBytes = 0
    var waiters: [Waiter] = []
    var nextNumber: UInt64 = 0
    var closed = false
  }

  private final class Slot: Sendable {
    let state: Mutex<State>
    init(head: Position) { state = Mutex(State(head: head)) }
  }

  /// Those who wait for any partition.
  private struct AnyState {
    var waiters: [Waiter] = []
    var nextNumber: UInt64 = 0
    var closed = false
  }

  private let slots: [Slot]
  private let limits: Limits
  private let any = Mutex(AnyState())

  package init(heads: [Position], limits: Limits = Limits()) {
    slots = heads.map(Slot.init)
    self.limits = limits
  }

  /// The last position of every partition.
  package var heads: [Position] { slots.map { $0.state.withLock { $0.head } } }

  /// Adds what a commit made durable, in order of position within each partition.
  package func publish(_ events: [RecordedEvent]) {
    for event in events {
      guard slots.indices.contains(event.partition.index) else { continue }
      let woken = slots[event.partition.index].state.withLock { $0.add(event, limits) }
      for waiter in woken { waiter.continuation.resume(returning: .changed) }
    }
    if !events.isEmpty { wakeAny(.changed) }
  }

  private func wakeAny(_ wake: Wake) {
    // Locked after the slots and never around them, and `wait` looks at the slots within it: a
    // waiter either sees the new head or is seen here.
    let woken = any.withLock { state -> [Waiter] in
      if wake == .closed { state.closed = true }
      guard !state.waiters.isEmpty else { return [] }
      defer { state.waiters.removeAll() }
      return state.waiters
    }
    for waiter in woken { waiter.continuation.resume(returning: wake) }
  }

  /// At most `limit` events after `position`, or nil when they must be read from disk.
  package func recent(
    in partition: Partition, after position: Position, limit: Int
  ) -> [RecordedEvent]? {
    guard slots.indices.contains(partition.index) else { return [] }
    return slots[partition.index].state.withLock { state in
      guard position < state.head, limit > 0 else { return [] }
      let missing = state.head.value &- position.value
      let kept = state.events.count - state.first
      guard missing <= Int64(kept) else { return nil }
      let from = state.events.count - Int(missing)
      return Array(state.events[from..<min(state.events.count, from + min(limit, kept))])
    }
  }

  /// Returns once the partition's head is beyond `position`.
  package nonisolated(nonsending) func wait(
    in partition: Partition, after position: Position
  ) async throws(JournalError) {
    guard slots.indices.contains(partition.index) else {
      throw .invalid("no partition \(partition)")
    }
    let slot = slots[partition.index]
    let number = slot.state.withLock { state in
      state.nextNumber &+= 1
      return state.nextNumber
    }
    let wake = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Wake, Never>) in
        let atOnce: Wake? = slot.state.withLock { state -> Wake? in
          if Task.isCancelled { return .cancelled }
          if state.closed { return .closed }
          if state.head > position { return .changed }
          if state.waiters.count >= limits.waitersMax { return .full }
          state.waiters.append(
            Waiter(number: number, after: position, continuation: continuation))
          return nil
        }
        if let atOnce { continuation.resume(returning: atOnce) }
      }
    } onCancel: {
      let cancelled = slot.state.withLock { state -> Waiter? in
        guard let at = state.waiters.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.waiters.remove(at: at)
      }
      cancelled?.continuation.resume(returning: .cancelled)
    }
    try check(wake)
  }

  /// Returns once the head of any partition is beyond what `heads` has for it.
  package nonisolated(nonsending) func wait(after heads: [Position]) async throws(JournalError) {
    let number = any.withLock { state in
      state.nextNumber &+= 1
      return state.nextNumber
    }
    let wake = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Wake, Never>) in
        let atOnce: Wake? = any.withLock { state -> Wake? in
          if Task.isCancelled { return .cancelled }
          if state.closed { return .closed }
          if zip(self.heads, heads).contains(where: { $0 > $1 }) { return .changed }
          if state.waiters.count >= limits.waitersMax { return .full }
          state.waiters.append(
            Waiter(number: number, after: .start, continuation: continuation))
          return nil
        }
        if let atOnce { continuation.resume(returning: atOnce) }
      }
    } onCancel: {
      let cancelled = any.withLock { state -> Waiter? in
        guard let at = state.waiters.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.waiters.remove(at: at)
      }
      cancelled?.continuation.resume(returning: .cancelled)
    }
    try check(wake)
  }

  private func check(_ wake: Wake) throws(JournalError) {
    switch wake {
    case .changed: return
    case .cancelled: throw .cancelled
    case .closed: throw .closed
    case .full: throw .overloaded("\(limits.waitersMax) tasks wait for changes")
    }
  }

  /// How many wait, over all partitions.
  package var waiterCount: Int {
    slots.reduce(any.withLock { $0.waiters.count }) {
      $0 + $1.state.withLock { $0.waiters.count }
    }
  }

  /// Starts again from these heads, with nothing kept.
  package func reset(to heads: [Position]) {
    for (slot, head) in zip(slots, heads) {
      let woken = slot.state.withLock { state -> [Waiter] in
        state.head = head
        state.events.removeAll()
        state.first = 0
        state.payloadBytes = 0
        let woken = state.waiters.filter { $0.after < head }
        state.waiters.removeAll { $0.after < head }
        return woken
      }
      for waiter in woken { waiter.continuation.resume(returning: .changed) }
    }
    wakeAny(.changed)
  }

  /// Lets every waiter go, and every later one at once.
  package func close() {
    for slot in slots {
      let woken = slot.state.withLock { state in
        state.closed = true
        defer { state.waiters.removeAll() }
        return state.waiters
      }
      for waiter in woken { waiter.continuation.resume(returning: .closed) }
    }
    wakeAny(.closed)
  }
}

extension EventTail.State {
  fileprivate mutating func add(
    _ event: RecordedEvent, _ limits: EventTail.Limits
  ) -> [EventTail.Waiter] {
    head = event.position
    events.append(event)
    payloadBytes += event.payload.count
    while first < events.count,
      events.count - first > limits.eventsMax || payloadBytes > limits.payloadBytesMax
    {
      payloadBytes -= events[first].payload.count
      first += 1
    }
    // Dropped events leave the array in bulk, so that adding one costs O(1) on average.
    if first > limits.eventsMax {
      events.removeFirst(first)
      first = 0
    }
    guard !waiters.isEmpty else { return [] }
    let woken = waiters.filter { $0.after < head }
    if !woken.isEmpty { waiters.removeAll { $0.after < head } }
    return woken
  }
}
