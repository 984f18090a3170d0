import Journal
import Logging
import Resilience
import Synchronization
import Testing

@testable import Node

/// Time that passes as fast as somebody sleeps, and takes none.
final class PassingTime: Sendable {
  private let nanoseconds = Atomic<Int64>(0)

  var passed: Duration { .nanoseconds(nanoseconds.load(ordering: .sequentiallyConsistent)) }

  var time: Supervision.Time {
    Supervision.Time(
      now: {
        MonotonicInstant(nanoseconds: self.nanoseconds.load(ordering: .sequentiallyConsistent))
      },
      sleep: { duration in
        try Task.checkCancellation()
        self.nanoseconds.wrappingAdd(
          duration.wholeNanoseconds, ordering: .sequentiallyConsistent)
        await Task.yield()
      }, unit: { 0.5 })
  }
}

@Suite("The end of supervision, also where work does not end", .timeLimit(.minutes(1)))
struct SupervisionEndTests {
  /// Where work stays, cancelled or not, until the test lets it go.
  private final class Hold: Sendable {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    var count: Int { waiting.withLock { $0.count } }

    func stay() async {
      await withCheckedContinuation { waiter in waiting.withLock { $0.append(waiter) } }
    }

    func release() { for waiter in waiting.withLock({ $0 }) { waiter.resume() } }
  }

  /// Ends the node: two histories that do not fit together.
  private static let misfit = SubscriptionError.partitionCount(cursor: 7, source: 4)

  private func supervision(
    _ works: [Background.Work], _ register: WorkRegister, abandonedMax: Int = 3,
    time: Supervision.Time = PassingTime().time
  ) -> Supervision {
    var policy = Supervision.Policy()
    policy.abandonedMax = abandonedMax
    return Supervision(
      works: works, policy: policy, register: register, time: time,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// What ends the node once that has come.
  private func falling(once hasCome: @escaping @Sendable () -> Bool) -> Background.Work {
    Background.Work(name: "falls", isRemote: false) { _ in
      while !hasCome() {
        try Task.checkCancellation()
        await Task.yield()
      }
      throw Self.misfit
    }
  }

  @Test("when too many are left behind the node ends, though none of them does")
  func abandoned() async throws {
    let (hold, register) = (Hold(), WorkRegister())
    let stubborn = Background.Work(name: "stubborn", isRemote: false) { pulse in
      await pulse.during { await hold.stay() }
    }
    let error = await #expect(throws: Supervision.GivenUp.self) {
      try await supervision([stubborn], register).run()
    }
    #expect(error?.work == "stubborn")
    #expect(hold.count == 4 && register.mayHang)
    hold.release()
  }

  @Test("what ends the node ends it while something that was left behind goes on")
  func besideAbandoned() async throws {
    let (hold, register) = (Hold(), WorkRegister())
    let stubborn = Background.Work(name: "stubborn", isRemote: true) { pulse in
      await pulse.during { await hold.stay() }
    }
    let error = await #expect(throws: Supervision.GivenUp.self) {
      try await supervision(
        [stubborn, falling { register.mayHang }], register, abandonedMax: 1_000_000
      ).run()
    }
    #expect(error?.work == "falls")
    hold.release()
  }

  @Test("what does not end when the node does is left behind then, and known to be")
  func atTheEnd() async throws {
    let (hold, register) = (Hold(), WorkRegister())
    // It shows no pulse, so nobody finds before that it hangs.
    let stubborn = Background.Work(name: "stubborn", isRemote: false) { _ in await hold.stay() }
    let error = await #expect(throws: Supervision.GivenUp.self) {
      try await supervision([stubborn, falling { hold.count > 0 }], register).run()
    }
    #expect(error?.work == "falls")
    #expect(register.mayHang)
    hold.release()
  }

  @Test("a node that is told to stop is not held up either")
  func cancelled() async throws {
    let (hold, register) = (Hold(), WorkRegister())
    let stubborn = Background.Work(name: "stubborn", isRemote: false) { _ in await hold.stay() }
    let supervision = supervision([stubborn], register)
    let running = Task { try await supervision.run() }
    while hold.count == 0 { await Task.yield() }
    running.cancel()
    try await running.value
    #expect(register.mayHang)
    hold.release()
  }

  @Test("what ends when it is cancelled is waited for, and is not left behind")
  func ending() async throws {
    let register = WorkRegister()
    let isBegun = Atomic<Bool>(false)
    let work = Background.Work(name: "obeys", isRemote: false) { _ in
      isBegun.store(true, ordering: .relaxed)
      try await Task.sleep(for: .seconds(3600))
    }
    let supervision = supervision([work], register, time: .system)
    let running = Task { try await supervision.run() }
    while !isBegun.load(ordering: .relaxed) { await Task.yield() }
    running.cancel()
    try await running.value
    #expect(!register.mayHang)
  }

  @Test(
    "work that asks payment may take as long as it does, and is no stall",
    arguments: [(60, 3, 60), (1, 3, 16), (45, 60, 130), (600, 120, 600)])
  func stallTimeout(set: Int, call: Int, wanted: Int) {
    var settings = NodeConfig.Supervisor()
    settings.stallTimeout = .seconds(set)
    let policy = Supervision.Policy(settings, callTimeout: .seconds(call))
    #expect(policy.stallTimeout == .seconds(wanted))
  }
}
