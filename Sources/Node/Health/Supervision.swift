import Journal
import Logging
import Resilience

/// Runs background work and looks after it: one task that begins, cancels and replaces others.
struct Supervision: Sendable {
  /// Bounds and habits.
  struct Policy: Sendable {
    var restart = Supervisor.Policy()
    /// Work that is at one and the same thing for so long is cancelled and replaced.
    var stallTimeout = Duration.seconds(60)
    /// Cancelled work that has not ended after so long is left behind, and its replacement begins.
    var abandonTimeout = Duration.seconds(10)
    /// How many may be left behind before the node is given up.
    var abandonedMax = 3

    init() {}

    init(_ settings: NodeConfig.Supervisor) {
      restart.restartsMax = settings.restartsMax
      restart.window = settings.window
      stallTimeout = settings.stallTimeout
    }
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

  /// Runs until cancelled. Throws `GivenUp` when some work cannot go on.
  func run() async throws {
    try await withThrowingTaskGroup(of: Step.self) { group in
      var posts = works.map {
        Post(supervisor: Supervisor(policy.restart, isPatient: $0.isRemote))
      }
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
    var pulse: Pulse?
    var cancel: CancelBell?
    /// When it was cancelled for not getting on.
    var cancelledAt: MonotonicInstant?
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
    let (pulse, bell) = (Pulse(), CancelBell())
    posts[index].generation += 1
    posts[index].begun = time.now()
    posts[index].pulse = pulse
    posts[index].cancel = bell
    posts[index].cancelledAt = nil
    register.begun(works[index].name)
    let (work, generation) = (works[index], posts[index].generation)
    group.addTask {
      let error = await bell.cancelling { try await work.run(pulse) }
      return .ended(index, generation: generation, error)
    }
  }

  /// It has ended: begun anew after a while, or too often.
  private func replace(
    _ index: Int, because error: (any Error)?, _ posts: inout [Post], _ group: inout Steps
  ) throws {
    let work = works[index]
    let now = time.now()
    let isStalled = posts[index].cancelledAt != nil
    posts[index].pulse = nil
    posts[index].cancel = nil
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
      posts[index].pulse.map {
        StallJudge.Reading("\(index).\(posts[index].generation)", oldest: $0.oldest)
      }
    }
    let stalled = Set(judge.look(at: now, readings).map(\.name))
    for index in posts.indices where posts[index].pulse != nil {
      if let cancelledAt = posts[index].cancelledAt {
        guard now.nanoseconds(since: cancelledAt) > policy.abandonTimeout.wholeNanoseconds else {
          continue
        }
        guard register.leftBehind(1) <= policy.abandonedMax else {
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
        posts[index].cancel?.ring()
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
