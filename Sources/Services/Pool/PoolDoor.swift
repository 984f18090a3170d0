import Resilience
import Synchronization
import Transport

/// Lets commands into a pool: at once while there is room for everybody, which costs one atomic
/// addition; else by the mailbox's rules.
final class PoolDoor: Sendable {
  private typealias Admission = Result<Void, MailboxRefusal>

  private struct State {
    var mailbox: Mailbox
    /// One for each waiter of the mailbox, and no other.
    var continuations: [Mailbox.Waiter: UnsafeContinuation<Admission, Never>] = [:]
    var meter: PoolMeter
    /// Of those that waited and were let in.
    var waits = RollingHistogram()
    /// `arrived` of the word, without its wrapping around.
    var arrived: UInt64 = 0
    var shed: UInt64 = 0
    var abandoned: UInt64 = 0
  }

  /// Whom to tell what, once the lock is free.
  private struct Calls {
    var list: [(UnsafeContinuation<Admission, Never>, Admission)] = []
  }

  /// What a pool is doing, as far as its door knows.
  struct Look {
    var inside: Int
    var waiting: Int
    var oldest: Resilience.MonotonicInstant?
    var sample: PoolSample
    var lately: PoolLoad?
    var waits: Quantiles?
  }

  /// The upper half counts arrivals, the lower half what is inside; its highest bit is set while
  /// somebody waits, which makes it more than any number of places: nobody overtakes them.
  private let word = Atomic<UInt64>(0)
  /// What is inside may be so much after new work has come in.
  private let freshPlaces: Atomic<UInt32>
  private let state: Mutex<State>
  private let clock: TransportClock
  private let service: String

  private static let crowded: UInt64 = 1 << 31
  private static let arrival: UInt64 = 1 << 32 | 1
  /// Places there can be at most.
  static let capacityMax = Int(Int32.max)

  init(service: String, policy: MailboxPolicy, capacity: Int, clock: TransportClock) {
    self.service = service
    self.clock = clock
    let capacity = min(capacity, Self.capacityMax)
    freshPlaces = Atomic(UInt32(clamping: policy.places(for: .fresh, of: capacity)))
    state = Mutex(
      State(
        mailbox: Mailbox(policy, capacity: capacity),
        meter: PoolMeter(at: Resilience.MonotonicInstant(clock.now()))))
  }

  /// Commands inside. A moment's look may count one that is being turned away.
  var inside: Int { Self.count(word.load(ordering: .relaxed)) }

  /// Goes in, if there is room for everybody and nobody waits. False: `enter` decides, and is to be
  /// called at once. Whoever is in must `leave`.
  @inline(__always)
  func enterAtOnce() -> Bool {
    let word = word.wrappingAdd(Self.arrival, ordering: .acquiringAndReleasing).newValue
    return UInt32(truncatingIfNeeded: word) <= freshPlaces.load(ordering: .relaxed)
  }

  @inline(__always)
  func leave() {
    let word = word.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    if word & Self.crowded != 0 { letIn() }
  }

  /// After `enterAtOnce` did not: goes in, maybe later, or throws with nothing begun.
  nonisolated(nonsending) func enter(_ work: PoolWork) async throws(RPCError) {
    let admission = await wait(
      work.workClass, until: Resilience.MonotonicInstant(work.deadline))
    do throws(MailboxRefusal) { try admission.get() } catch {
      throw RPCError(error, service: service)
    }
  }

  /// There are so many places from now on.
  func resize(to capacity: Int) {
    let capacity = min(capacity, Self.capacityMax)
    let now = now()
    let calls = state.withLock { state in
      state.mailbox.resize(to: capacity)
      let places = state.mailbox.places(for: .fresh)
      freshPlaces.store(UInt32(clamping: places), ordering: .relaxed)
      return settle(&state, at: now)
    }
    tell(calls)
  }

  /// Sends away those whose time has passed while nothing moved.
  func expire() {
    guard word.load(ordering: .relaxed) & Self.crowded != 0 else { return }
    let now = now()
    let calls = state.withLock { state in
      var calls = Calls()
      take(state.mailbox.expire(at: now), &state, &calls)
      calls.list += settle(&state, at: now).list
      return calls
    }
    tell(calls)
  }

  /// A look at it. `isRemembered`: for the means of the last seconds. `withWaits`: how long they
  /// waited too, which takes adding up.
  func look(isRemembered: Bool = false, withWaits: Bool = false) -> Look {
    let now = now()
    return state.withLock { state in
      let word = word.load(ordering: .acquiring)
      state.arrived &+= UInt64(
        UInt32(truncatingIfNeeded: word >> 32) &- UInt32(truncatingIfNeeded: state.arrived))
      let (inside, waiting) = (Self.count(word), state.mailbox.waiting)
      let gone = state.shed &+ state.abandoned &+ UInt64(inside + waiting)
      let sample = state.meter.look(
        inside: inside, waiting: waiting, arrived: state.arrived,
        completed: state.arrived &- gone, shed: state.shed, at: now)
      if isRemembered { state.meter.remember(sample) }
      return Look(
        inside: inside, waiting: waiting, oldest: state.mailbox.oldest, sample: sample,
        lately: state.meter.lately(to: sample),
        waits: withWaits ? state.waits.quantiles(at: now) : nil)
    }
  }

  private static func count(_ word: UInt64) -> Int { Int(word & (crowded - 1)) }

  private func now() -> Resilience.MonotonicInstant {
    Resilience.MonotonicInstant(clock.now())
  }
}

// MARK: - Waiting

extension PoolDoor {
  private nonisolated(nonsending) func wait(
    _ work: WorkClass, until deadline: Resilience.MonotonicInstant
  ) async -> Admission {
    let waiting = Mutex<Mailbox.Waiter?>(nil)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let now = now()
        let (waiter, calls) = state.withLock { state in
          ask(&state, work, until: deadline, continuation, at: now)
        }
        waiting.withLock { $0 = waiter }
        tell(calls)
        // The handler below may have run before there was a waiter to cancel.
        if Task.isCancelled { cancel(waiter) }
      }
    } onCancel: {
      cancel(waiting.withLock { $0 })
    }
  }

  /// The one who asks has been counted as inside already.
  private func ask(
    _ state: inout State, _ work: WorkClass, until deadline: Resilience.MonotonicInstant,
    _ continuation: UnsafeContinuation<Admission, Never>, at now: Resilience.MonotonicInstant
  ) -> (waiter: Mailbox.Waiter?, calls: Calls) {
    var calls = Calls()
    if state.mailbox.isEmpty,
      Self.count(word.load(ordering: .acquiring)) <= state.mailbox.places(for: work)
    {
      calls.list.append((continuation, .success(())))
      return (nil, calls)
    }
    // From here on whoever leaves comes to the lock, and sees who waits.
    word.bitwiseOr(Self.crowded, ordering: .acquiringAndReleasing)
    word.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    calls.list += settle(&state, at: now, isAsking: true).list
    var displaced = Mailbox.Outcome()
    var waiter: Mailbox.Waiter?
    switch state.mailbox.ask(work, at: now, until: deadline, refused: &displaced.refused) {
    case .queued(let queued):
      waiter = queued
      state.continuations[queued] = continuation
    case .refused(let refusal):
      state.shed &+= 1
      calls.list.append((continuation, .failure(refusal)))
    }
    take(displaced, &state, &calls)
    calls.list += settle(&state, at: now).list
    return (waiter, calls)
  }

  private func letIn() {
    let now = now()
    tell(state.withLock { settle(&$0, at: now) })
  }

  private func cancel(_ waiter: Mailbox.Waiter?) {
    guard let waiter else { return }
    let now = now()
    let calls = state.withLock { state in
      var calls = Calls()
      guard state.mailbox.cancel(waiter) else { return calls }
      state.abandoned &+= 1
      if let continuation = state.continuations.removeValue(forKey: waiter) {
        calls.list.append((continuation, .failure(MailboxRefusal(.cancelled, retryAfter: .zero))))
      }
      calls.list += settle(&state, at: now).list
      return calls
    }
    tell(calls)
  }

  /// Lets in whom there is room for. Ends the crowd when nobody waits any more, and nobody is about
  /// to.
  private func settle(
    _ state: inout State, at now: Resilience.MonotonicInstant, isAsking: Bool = false
  ) -> Calls {
    var calls = Calls()
    guard !state.mailbox.isEmpty || !isAsking else { return calls }
    let inside = Self.count(word.load(ordering: .acquiring))
    let outcome = state.mailbox.settle(inside: inside, at: now)
    word.wrappingAdd(UInt64(outcome.admitted.count), ordering: .acquiringAndReleasing)
    for admitted in outcome.admitted { state.waits.record(admitted.waited, at: now) }
    take(outcome, &state, &calls)
    if state.mailbox.isEmpty, !isAsking {
      word.bitwiseAnd(~Self.crowded, ordering: .acquiringAndReleasing)
    }
    return calls
  }

  private func take(_ outcome: Mailbox.Outcome, _ state: inout State, _ calls: inout Calls) {
    for admitted in outcome.admitted {
      guard let continuation = state.continuations.removeValue(forKey: admitted.waiter) else {
        continue
      }
      calls.list.append((continuation, .success(())))
    }
    for refused in outcome.refused {
      state.shed &+= 1
      guard let continuation = state.continuations.removeValue(forKey: refused.waiter) else {
        continue
      }
      calls.list.append((continuation, .failure(refused.refusal)))
    }
  }

  private func tell(_ calls: Calls) {
    for (continuation, admission) in calls.list { continuation.resume(returning: admission) }
  }
}

extension RPCError {
  /// A pool's refusal as a status: nothing was begun, so that it may be tried again.
  init(_ refusal: MailboxRefusal, service: String) {
    switch refusal.reason {
    case .cancelled:
      self.init(code: .cancelled, message: "cancelled", unprocessed: true, cause: refusal)
    case .overdue:
      self.init(
        code: .resourceExhausted, message: "\(service) is busy and cannot begin in time",
        retryAfter: refusal.retryAfter, unprocessed: true, cause: refusal)
    case .full, .late, .displaced:
      self.init(
        code: .resourceExhausted, message: "\(service) is busy; try again a little later",
        retryAfter: refusal.retryAfter, unprocessed: true, cause: refusal)
    }
  }
}
