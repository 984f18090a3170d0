/// Bounds and habits of a deadline runner.
public struct DeadlineOptions: Sendable {
  /// Deadlines handled at the same time.
  public var handlersMax = 64
  /// The longest it sleeps without looking, which covers changes of the wall clock and rows that
  /// another process has set.
  public var longestSleep = Duration.seconds(10)
  /// How long a deadline whose handler failed is left alone; doubling.
  public var backOff = BackOff(first: .milliseconds(100), longest: .seconds(30))

  public init() {}
}

/// A handler could not do its work now; it is called again later.
public struct DeadlineFailure: Error, Sendable, Equatable {
  public var reason: String

  public init(_ reason: String) { self.reason = reason }
}

/// Sends the command of every deadline that falls due. The handler's own append clears the row;
/// one that had nothing to do leaves it, and the runner clears it then. A crash in between fires it
/// again, so that the command must be able to find nothing to do.
public final class DeadlineRunner<Log: Journal>: Sendable {
  private enum Step: Sendable {
    case handled(Deadline, failed: Bool)
    case woken
  }

  private let journal: Log
  private let options: DeadlineOptions
  private let clock: JournalClock
  private let handle: @Sendable (Deadline) async throws(DeadlineFailure) -> Void
  private let notify: @Sendable (Deadline?, String) -> Void

  /// - Parameters:
  ///   - notify: told of failures, for the log; must not block.
  ///   - handle: returns once what the deadline asks for is durable, or not called for.
  public init(
    _ journal: Log, options: DeadlineOptions = DeadlineOptions(), clock: JournalClock,
    notify: @escaping @Sendable (Deadline?, String) -> Void = { _, _ in },
    handle: @escaping @Sendable (Deadline) async throws(DeadlineFailure) -> Void
  ) {
    self.journal = journal
    self.options = options
    self.clock = clock
    self.notify = notify
    self.handle = handle
  }

  /// Runs until the task is cancelled, or the journal closes.
  /// - Parameter pulse: beats for each deadline that is handled, and each question to the journal.
  public func run(pulse: Pulse = Pulse()) async {
    let signal = journal.deadlineSignal
    let watch = signal.watch()
    defer { signal.unwatch(watch) }
    await withTaskGroup(of: Step.self) { group in
      defer { group.cancelAll() }
      var state = State()
      while !Task.isCancelled {
        // While a wait is under way its view stays: it must not miss what it has not seen yet.
        if !state.isWaiting { signal.reset(watch) }
        switch await start(&group, &state, pulse) {
        case .closed: return
        case .busy: break
        case .idle(let duration, let next):
          guard !state.isWaiting else { break }
          state.isWaiting = true
          let sleep = clock.sleep
          group.addTask {
            await Self.wake(after: duration, sleep, orBefore: next, signal, watch)
            return .woken
          }
        }
        guard let step = await group.next() else { return }
        switch step {
        case .woken: state.isWaiting = false
        case .handled(let deadline, let failed):
          state.end(deadline, failed: failed, self)
          // It may be due again before what the wait is for.
          if failed { signal.poke(watch) }
        }
      }
    }
  }

  private struct State {
    var running: [DeadlineKey: Deadline] = [:]
    /// Failed ones and when they may run again.
    var resting: [DeadlineKey: (until: WallTime, failures: Int)] = [:]
    var isWaiting = false

    /// Lets those go that were cleared by others, or set anew for later.
    mutating func forgetResting(besides due: [Deadline]) {
      guard !resting.isEmpty else { return }
      let due = Set(due.map(\.key))
      resting = resting.filter { due.contains($0.key) || running[$0.key] != nil }
    }

    mutating func end(_ deadline: Deadline, failed: Bool, _ runner: DeadlineRunner) {
      running.removeValue(forKey: deadline.key)
      guard failed else {
        resting.removeValue(forKey: deadline.key)
        return
      }
      let failures = (resting[deadline.key]?.failures ?? 0) + 1
      let delay = runner.options.backOff.delay(after: failures)
      resting[deadline.key] = (runner.clock.now().advanced(by: delay), failures)
    }
  }

  private enum Started {
    case closed
    /// All handlers are at work: one of them must end first.
    case busy
    /// Nothing more to start for this long, or until a deadline before `next` is set.
    case idle(Duration, next: WallTime?)
  }

  /// Starts what is due and may run.
  private func start(
    _ group: inout TaskGroup<Step>, _ state: inout State, _ pulse: Pulse
  ) async -> Started {
    let now = clock.now()
    let due: [Deadline]
    let next: Deadline?
    do throws(JournalError) {
      // Those at work or resting stand in the way of the page, so it is that much longer.
      let blocked = state.running.count + state.resting.count
      let beat = pulse.begin()
      defer { pulse.end(beat) }
      let limit = options.handlersMax + blocked
      due = try await journal.dueDeadlines(at: now, limit: limit)
      if due.count < limit { state.forgetResting(besides: due) }
      next = try await journal.nextDeadline(after: now)
    } catch {
      guard error.mayPass else { return .closed }
      notify(nil, "\(error)")
      return .idle(options.backOff.first, next: nil)
    }
    for deadline in due where state.running[deadline.key] == nil {
      guard state.running.count < options.handlersMax else { return .busy }
      if let resting = state.resting[deadline.key], resting.until > now { continue }
      state.running[deadline.key] = deadline
      group.addTask {
        .handled(deadline, failed: await pulse.during { await self.fire(deadline) })
      }
    }
    var until = next?.dueAt
    for resting in state.resting.values where resting.until > now {
      until = min(until ?? resting.until, resting.until)
    }
    let sleep = until.map { min($0.since(now), options.longestSleep) } ?? options.longestSleep
    return .idle(max(sleep, .milliseconds(1)), next: until)
  }

  /// Whether it failed.
  private func fire(_ deadline: Deadline) async -> Bool {
    do throws(DeadlineFailure) { try await handle(deadline) } catch {
      notify(deadline, error.reason)
      return true
    }
    do throws(JournalError) {
      let left = try await journal.deadlines(of: deadline.key.stream)
      if left.contains(deadline) {
        _ = try await journal.append(
          Append(deadlines: [.clearDue(deadline.key, at: deadline.dueAt)]))
      }
      return false
    } catch {
      notify(deadline, "\(error)")
      return true
    }
  }

  private static func wake(
    after duration: Duration, _ sleep: @escaping @Sendable (Duration) async throws -> Void,
    orBefore next: WallTime?, _ signal: DeadlineSignal, _ watch: DeadlineSignal.Watch
  ) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await sleep(duration) }
      group.addTask {
        do throws(JournalError) { try await signal.wait(watch, earlierThan: next) } catch {
          // Cancelled: the sleep decides.
        }
      }
      await group.next()
      group.cancelAll()
    }
  }
}
