import Foundation
import Messages
import Transport

/// Asks again until there is an answer: a test's only way of waiting. Calls that fail with what
/// passes (not found yet, unavailable, too busy) count as no answer yet; other errors are thrown.
@discardableResult
func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(60), _ ask: () async throws -> Value?
) async throws -> Value {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  var pause = Duration.milliseconds(2)
  while true {
    var last = ""
    do {
      if let value = try await ask() { return value }
    } catch let error as RPCError where passes(error) {
      last = ", last: \(error)"
    }
    guard clock.now < deadline else { throw Trouble("no \(what) within \(limit)\(last)") }
    try await Task.sleep(for: pause)
    pause = min(pause * 2, .milliseconds(100))
  }
}

/// Waits until something holds.
func until(
  _ what: String, within limit: Duration = .seconds(60), _ holds: () async throws -> Bool
) async throws {
  try await eventually(what, within: limit) { try await holds() ? true : nil }
}

private func passes(_ error: RPCError) -> Bool {
  switch error.code {
  case .notFound, .unavailable, .resourceExhausted, .aborted, .deadlineExceeded: true
  default: false
  }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

extension Duration {
  /// In whole milliseconds, for reports.
  var shown: String {
    "\(Int64(self / .milliseconds(1))) ms"
  }
}

/// A number that somebody who runs the tests has set; nil when there is none.
func environmentNumber(_ name: String) -> Int? {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
}

extension NodeProcess {
  /// Waits until the node says that it serves, which is soon after it listens.
  func serving(tls: ClientTLS? = nil) async throws {
    let nobody = Person("", "", of: port, tls: tls)
    try await until("node that serves") {
      try await nobody.call(HealthServiceMethods.check, HealthCheckRequest()).status == .serving
    }
    await nobody.close()
  }
}
