import Messages

extension Render {
  static func breakers(_ answer: ListBreakersResponse) -> String {
    guard !answer.breakers.isEmpty else { return "this node guards no dependency" }
    return answer.breakers.map { breaker($0) }.joined(separator: "\n\n")
  }

  static func breaker(_ breaker: Breaker?) -> String {
    guard let breaker else { return "no breaker" }
    let state = Show.name(breaker.state)
    let wait = breaker.state == .open ? " for \(Show.duration(ms: breaker.retryAfterMs))" : ""
    let counters = breaker.counters ?? BreakerCounters()
    var lines = [
      fact("breaker", breaker.dependency), fact("state", state + wait, style(breaker.state)),
    ]
    if !breaker.lastChange.isEmpty {
      let age = Show.duration(ms: breaker.lastChangeAgeMs)
      lines.append(fact("changed", "\(age) ago, \(breaker.lastChange)"))
    }
    lines += [
      fact(
        "window",
        "\(breaker.windowCalls) calls, \(breaker.windowFailed) failed, \(breaker.windowSlow) slow"
          + (breaker.probesUnderWay > 0 ? ", \(breaker.probesUnderWay) probes under way" : "")),
      fact(
        "calls",
        "\(counters.succeeded) succeeded, \(counters.failed) failed, \(counters.slow) slow, "
          + "\(counters.rejected) rejected, \(counters.turnedAway) turned away, "
          + "\(counters.retried) repeated, \(counters.openings) openings"),
    ]
    guard let policy = breaker.policy else { return lines.joined(separator: "\n") }
    return (lines + Self.policy(policy, breaker)).joined(separator: "\n")
  }

  private static func policy(_ policy: DependencyPolicy, _ breaker: Breaker) -> [String] {
    [
      fact(
        "opens",
        "at \(policy.failurePercent) % failed, or \(policy.slowPercent) % slower than "
          + "\(Show.duration(ms: policy.slowCallMs)), of \(policy.minimumCalls) calls or more in "
          + Show.duration(ms: policy.windowMs)),
      fact(
        "waits",
        "\(Show.duration(ms: policy.openWaitMs)), doubling up to "
          + "\(Show.duration(ms: policy.openWaitMaxMs)), then \(policy.probes) probes"),
      fact(
        "bulkhead",
        "\(breaker.inside) of \(policy.concurrent) inside, \(breaker.queued) of \(policy.queued) "
          + "waiting up to \(Show.duration(ms: policy.queueTimeoutMs))"),
      fact("retries", "\(policy.retryPercent) of 100 calls"),
    ]
  }

  private static func style(_ state: BreakerState) -> Terminal.Style? {
    switch state {
    case .closed: .green
    case .open, .forcedOpen: .red
    case .halfOpen, .forcedClosed, .disabled: .yellow
    case .unspecified, .unrecognized: nil
    }
  }

  static func waiting(_ answer: ListWaitingResponse, now: Int64) -> String {
    var table = Table("due", "service", "subject", "deadline", "waits for", "then")
    for row in answer.waiting {
      let left = row.dueAtMs - now
      let due =
        left >= 0 ? "in \(Show.duration(ms: left))" : "\(Show.duration(ms: -left)) ago"
      table.add(
        Table.Cell(due, left < 0 ? .red : nil), "\(row.service)", "\(row.subject)", "\(row.kind)",
        "\(row.owner)", "\(row.outcome)")
    }
    return table.text(nothing: "nothing waits")
      + (answer.more ? "\nand more; see --limit" : "")
  }
}
