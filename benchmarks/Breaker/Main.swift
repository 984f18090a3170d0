import Glibc
import Resilience
import Synchronization

/// Baedal's breaker for `benchmarks/run breaker-cost`: prints one line of JSON, nanoseconds and
/// allocations for each guarded call. Clock readings are part of the call, as they are for the
/// peers.
@main
enum Main {
  static func main() async throws {
    let closed = try breaker()
    let shut = try breaker()
    for _ in 0..<10 { try shut.permit(at: now()).settle(.failure, at: now()) }

    let success = cost { call(closed) }
    let rejection = cost { call(shut) }
    let uncontended = try await together(threads: 1)
    let two = try await together(threads: 2)
    print(
      """
      {"success_ns": \(success.nanoseconds), "success_allocations": \(success.allocations), \
      "rejection_ns": \(rejection.nanoseconds), \
      "rejection_allocations": \(rejection.allocations), \
      "one_thread_ns": \(uncontended), "two_threads_ns": \(two)}
      """)
  }

  private static func breaker() throws -> CircuitBreaker {
    try CircuitBreaker(
      name: "benchmark",
      policy: BreakerPolicy(
        window: .count(calls: 100), minimumCalls: 10,
        openWait: BreakerBackOff(initial: .seconds(3_600), maximum: .seconds(7_200))),
      seed: 1)
  }

  @inline(never)
  private static func call(_ breaker: CircuitBreaker) {
    try? breaker.run(now: now) { () throws(CancellationError) in work() }
  }

  /// Nanoseconds for each successful call of a thread while so many threads share one breaker: the
  /// fastest round.
  private static func together(threads: Int) async throws -> Double {
    let breaker = try breaker()
    var best = Double.infinity
    for _ in 0..<20 {
      let line = StartLine()
      let taken = await withTaskGroup(of: UInt64.self) { group in
        for _ in 0..<threads {
          group.addTask {
            line.wait(for: threads)
            let before = monotonicNanoseconds()
            for _ in 0..<callsEach { call(breaker) }
            return monotonicNanoseconds() - before
          }
        }
        return await group.reduce(0, +)
      }
      best = min(best, Double(taken) / Double(threads * callsEach))
    }
    return best
  }

  private static let callsEach = 200_000

  @inline(never)
  private static func work() {}

  private static func now() -> MonotonicInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicInstant(
      nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }
}

/// Lets threads begin at the same instant.
private final class StartLine: Sendable {
  private let arrived = Atomic<Int>(0)

  func wait(for count: Int) {
    arrived.wrappingAdd(1, ordering: .acquiringAndReleasing)
    while arrived.load(ordering: .acquiring) < count {}
  }
}

/// The fastest of many short runs, which other programs disturb least.
private func cost(_ body: () -> Void) -> (nanoseconds: Double, allocations: Double) {
  let count = dlsym(nil, "baedal_malloc_count").map {
    unsafeBitCast($0, to: (@convention(c) () -> UInt64).self)
  }
  let repeats = 10_000
  var best = Double.infinity
  var allocations = 0.0
  for _ in 0..<60 {
    let countBefore = count?() ?? 0
    let before = monotonicNanoseconds()
    for _ in 0..<repeats { body() }
    best = min(best, Double(monotonicNanoseconds() - before) / Double(repeats))
    allocations = Double((count?() ?? 0) - countBefore) / Double(repeats)
  }
  return (best, allocations)
}

private func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
