import Journal
import Logging
import Resilience

/// Runs background work and looks after it: one task that begins, cancels and replaces others, and
/// is held up by none of them (`WorkRun`).
struct Supervision: Sendable {
  /// Bounds and habits.
  struct Policy: Sendable {
    var restart = Supervisor.Policy()
    /// Work that is at one and the same thing for so long is cancelled and replaced.
    var stallTimeout = Duration.seconds(60)
    /// Cancelled work that has not ended after so long is left behind, and its replacement begins;
    /// at the end it is not waited for any longer either.
    var abandonTimeout = Duration.seconds(10)
    /// How many may be left behind before the node is given up.
    var abandonedMax = 3

    init() {}

    /// What asks payment, or its provider, is at one and the same thing for as long as they take:
    /// whether they answer is no matter of this node's health. At worst a piece of work waits for
    /// its turn as long as a call may take, and then makes its own.
    /// - Parameter callTimeout: how long a call takes at most.
    init(_ settings: NodeConfig.Supervisor, callTimeout: Duration) {
      restart.restartsMax = settings.restartsMax
      restart.window = settings.window
      stallTimeout = max(settings.stallTimeout, callTimeout * 2 + Self.callMargin)
    }

    /// For all that such a piece of work does besides.
    private static let callMargin = Duration.seconds(10)
  }

  /// Time and chance.
  struct Time: Sendable {
    var now: @Sendable () -> MonotonicInstant
    var sleep: @Sendable (Duration) async throws -> Void
    /// Evenly spread over 0 ..< 1.
    var unit: @Sendable () -> Double

    static let system = Time(
      now: { NodeClock.monotonic() }, sleep: { try await Task.sleep(for: $0) },
      unit: { Double.random(in: 0..<1) })
  }

  /// Why the node cannot go on.
  struct GivenUp: Error, CustomStringConvertible {
    let work: String
    let reason: String

    var description: String { "background work '\(work)' is given up: \(reason)" }
  }

  let works: [Background.Work]
  let policy: Policy
  let register: WorkRegister
  let time: Time
  let log: Logger

  /// How often it looks whether all get on.
  private var tick: Duration { min(policy.stallTimeout / 10, .seconds(1)) }

  /// Runs until cancelled. Throws `GivenUp` when some work cannot go on. Either way it returns,
  /// also when some work does not end.
  func run() async throws {
    var posts = works.map {
      Post(supervisor: Supervisor(policy.restart, isPatient: $0.isRemote))
    }
    let outcome: Result<Void, any Error>
    do {
      try await supervise(&posts)
      outcome = .success(())
    } catch { outcome = .failure(error) }
    await end(posts)
    try outcome.get()
  }

  private func supervise(_ posts: inout [Post]) async throws {
    try await withThrowingTaskGroup(of: Step.self) { group in
      var judge = StallJudge(timeout: policy.stallTimeout, tick: tick)
      for index in posts.indices { begin(index, &posts, &group) }
      group.addTask { try await look() }
      while let step = try await next(&group), !Task.isCancelled {
        switch step {
        case .ended(let index, let generation, let error):
          guard posts[index].generation == generation else {
            register.leftBehind(-1)
            continue
          }
          try replace(index, because: error, &posts, &group)
        case .due(let index): begin(index, &posts, &group)
        case .looked:
          try lookAfter(&posts, &judge, &group)
          group.addTask { try await look() }
        }
      }
    }
  }
}

// MARK: - Steps

extension Supervision {
  fileprivate typealias Steps = ThrowingTaskGroup<Step, any Error>

  fileprivate enum Step: Sendable {
    /// A run of some work is over, though nobody had asked it to unless it had been cancelled.
    case ended(Int, generation: Int, (any Error)?)
    /// The wait before a restart is over.
    case due(Int)
    case looked
  }

  /// One work's place.
  fileprivate struct Post {
    var supervisor: Supervisor
    /// Which run of it counts.
    var generation = 0
    var begun = MonotonicInstant(nanoseconds: 0)
    /// nil between two runs.
    var run: WorkRun?
    /// When it was cancelled for not getting on.
    var cancelledAt: MonotonicInstant?
  }

  /// Cancels what runs, and waits until it has ended or is to be left behind.
  private func end(_ posts: [Post]) async {
    let runs = zip(works, posts).compactMap { work, post in post.run.map { (work.name, $0) } }
    for (_, run) in runs { run.cancel() }
    let (sleep, timeout) = (time.sleep, policy.abandonTimeout)
    // Nobody's child: the task that is here may be cancelled, and has to wait all the same.
    let waiting = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { for (_, run) in runs { _ = await run.end() } }
        group.addTask { try? await sleep(timeout) }
        await group.next()
        group.cancelAll()
      }
    }
    await waiting.value
    for (name, run) in runs where !run.hasEnded {
      register.leftBehind(1)
      log.critical(
        "background work does not end, and is left behind", metadata: ["work": "\(name)"])
    }
  }

  /// nil at the end: when cancelled, the timers throw.
  private func next(_ group: inout Steps) async throws -> Step? {
    do { return try await group.next() } catch is CancellationError { return nil }
  }

  private func look() async throws -> Step {
    try await time.sleep(tick)
    return .looked
  }

  private func begin(_ index: Int, _ posts: inout [Post], _ group: inout Steps) {
    register.begun(works[index].name)
    let run = WorkRun(works[index])
    posts[index].generation += 1
    posts[index].begun = time.now()
    posts[index].run = run
    posts[index].cancelledAt = nil
    let generation = posts[index].generation
    group.addTask { .ended(index, generation: generation, await run.end()) }
  }

  /// It has ended: begun anew after a while, or too often.
  private func replace(
    _ index: Int, because error: (any Error)?, _ posts: inout [Post], _ group: inout Steps
  ) throws {
    let work = works[index]
    let now = time.now()
    let isStalled = posts[index].cancelledAt != nil
    posts[index].run = nil
    let reason =
      isStalled ? "it did not get on" : error.map { "\($0)" } ?? "it ended"
    if let error, !isStalled, !work.isRemote, Self.isFinal(error) {
      throw giveUp(work, reason)
    }
    let decision = posts[index].supervisor.ended(
      begun: posts[index].begun, at: now, unit: time.unit())
    guard case .restart(let wait) = decision else {
      throw giveUp(work, "\(reason); it has been begun too often")
    }
    register.ended(work.name, reason: reason, isStalled: isStalled)
    log.error(
      "background work is begun anew",
      metadata: [
        "work": "\(work.name)", "reason": "\(reason)", "after_ms": "\(wait.wholeMilliseconds)",
        "restarts": "\(posts[index].supervisor.restarts)",
      ])
    let sleep = time.sleep
    group.addTask {
      try await sleep(wait)
      return .due(index)
    }
  }

  /// Cancels who does not get on, and leaves behind who has been cancelled and does not end.
  private func lookAfter(
    _ posts: inout [Post], _ judge: inout StallJudge, _ group: inout Steps
  ) throws {
    let now = time.now()
    let readings = posts.indices.compactMap { index in
      posts[index].run.map {
        StallJudge.Reading("\(index).\(posts[index].generation)", oldest: $0.pulse.oldest)
      }
    }
    let stalled = Set(judge.look(at: now, readings).map(\.name))
    for index in posts.indices where posts[index].run != nil {
      if let cancelledAt = posts[index].cancelledAt {
        guard now.nanoseconds(since: cancelledAt) > policy.abandonTimeout.wholeNanoseconds else {
          continue
        }
        guard register.leftBehind(1) <= policy.abandonedMax else {
          posts[index].run = nil
          throw giveUp(works[index], "\(policy.abandonedMax) that do not end are left behind")
        }
        log.critical(
          "background work does not end, and is left behind",
          metadata: ["work": "\(works[index].name)"])
        posts[index].generation += 1
        try replace(index, because: nil, &posts, &group)
      } else if stalled.contains("\(index).\(posts[index].generation)") {
        log.error(
          "background work does not get on, and is cancelled",
          metadata: ["work": "\(works[index].name)"])
        posts[index].cancelledAt = now
        posts[index].run?.cancel()
      }
    }
  }

  private func giveUp(_ work: Background.Work, _ reason: String) -> GivenUp {
    let error = GivenUp(work: work.name, reason: reason)
    log.critical(
      "background work is given up", metadata: ["work": "\(work.name)", "reason": "\(reason)"])
    register.giveUp(work.name)
    return error
  }

  /// Whether it will be the same however often it is begun: the histories of two journals of this
  /// node do not fit together.
  private static func isFinal(_ error: any Error) -> Bool {
    switch error as? SubscriptionError {
    case .otherEpoch, .cursorBeyondHead, .partitionCount: true
    case .journal, nil: false
    }
  }
}
