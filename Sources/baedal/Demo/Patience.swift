import Transport

/// Waiting for what other services bring about, by asking again.
extension Cast {
  /// Asks until the answer is there. NOT_FOUND and passing troubles count as not yet; anything
  /// else ends the waiting, as does the run's patience.
  func wait<Value>(
    for what: String, _ ask: () async throws -> Value?
  ) async throws -> Value {
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    var pause = Duration.milliseconds(5)
    while true {
      var trouble: RPCError?
      do {
        if let value = try await ask() { return value }
      } catch let error as RPCError where Self.mayPass(error) {
        trouble = error
      }
      guard clock.now + pause < deadline else {
        let last = trouble.map { " (\(Failure.line($0)))" } ?? ""
        throw Failure(
          line: "no \(what) within \(Show.duration(patience))\(last)", status: .unreachable)
      }
      try await clock.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(200))
    }
  }

  private static func mayPass(_ error: RPCError) -> Bool {
    switch error.code {
    case .notFound, .resourceExhausted, .aborted: true
    // Nobody listens at all: more patience does not help.
    case .unavailable: error.cause == nil
    default: false
    }
  }
}
