import Foundation
import Resilience
import Testing

/// Breakers and times that many tests begin with.
enum Sample {
  /// Opens at 50 % of at least two calls for 5 s, then tries two probes with 10 s each.
  static func policy(
    window: BreakerPolicy.Window = .count(calls: 10), minimumCalls: Int = 2,
    slowCalls: BreakerPolicy.SlowCalls? = nil, multiplier: Double = 2, jitter: Double = 0,
    probes: Int = 2
  ) -> BreakerPolicy {
    BreakerPolicy(
      window: window, minimumCalls: minimumCalls, failureRate: 0.5, slowCalls: slowCalls,
      openWait: BreakerBackOff(
        initial: .seconds(5), multiplier: multiplier, maximum: .seconds(60), jitter: jitter),
      probes: probes, lease: .seconds(10))
  }

  static func breaker(
    _ policy: BreakerPolicy = policy(), observer: CircuitBreaker.Observer? = nil
  ) throws -> CircuitBreaker {
    try CircuitBreaker(name: "payment", policy: policy, seed: 1, observer: observer)
  }

  /// Open until second 5.
  static func openBreaker(_ policy: BreakerPolicy = policy()) throws -> CircuitBreaker {
    let breaker = try breaker(policy)
    for _ in 0..<policy.minimumCalls {
      try breaker.permit(at: second(0)).settle(.failure, at: second(0))
    }
    return breaker
  }

  static func second(_ number: Int64) -> MonotonicInstant { MonotonicInstant(ms: number * 1000) }

  /// The files that other libraries' facts stand in.
  static let traces: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: traceFolder.path)
    return (files ?? []).filter { $0.hasSuffix(".json") }.sorted()
  }()

  static let traceFolder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "traces")

  static func trace(_ file: String) throws -> BreakerTrace {
    try JSONDecoder().decode(
      BreakerTrace.self, from: try Data(contentsOf: traceFolder.appending(path: file)))
  }
}

struct Refused: Error, Equatable {}
