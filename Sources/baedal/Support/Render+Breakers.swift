import Resilience

extension Render {
  /// One line for each thing that happened.
  static func replay(_ replay: BreakerReplay, _ trace: BreakerTrace) -> String {
    var table = Table(
      "at", "input", "what", "decision", "state", "calls", "failed", "slow", "probes")
    for row in replay.rows {
      table.add(
        .right("\(row.atMs) ms"), .number(row.input), Table.Cell(what(row)),
        Table.Cell(decision(row), style(row)),
        Table.Cell(row.state.name, style(row.state)), .number(row.tally.calls),
        .right(percent(row.tally.failureRate)), .right(percent(row.tally.slowRate)),
        .number(row.liveProbes))
    }
    let title = trace.name.isEmpty ? "" : Terminal.plain(trace.name) + "\n"
    return title + table.text(nothing: "nothing happened")
  }

  /// What happened, in a word or two.
  static func what(_ row: BreakerReplay.Row) -> String {
    switch row.happening {
    case .rejected, .permitted: "call"
    case .ended(let ending, _): name(ending)
    case .command(let command): command.rawValue
    case .looked: "look"
    }
  }

  /// What the breaker made of it.
  static func decision(_ row: BreakerReplay.Row) -> String {
    switch row.happening {
    case .rejected(let rejection): "rejected, \(reason(rejection))"
    case .permitted(let isProbe): isProbe ? "permitted as a probe" : "permitted"
    case .ended(_, let counted): counted ? "" : "too late, ignored"
    case .command, .looked: ""
    }
  }

  private static func reason(_ rejection: BreakerRejection) -> String {
    let words =
      switch rejection.reason {
      case .open: "open"
      case .probesTaken: "probes taken"
      case .forcedOpen: "forced open"
      }
    guard let wait = rejection.retryAfterNanoseconds else { return words }
    return "\(words) for \(Show.duration(.nanoseconds(wait)))"
  }

  static func name(_ ending: BreakerTrace.Ending) -> String {
    switch ending {
    case .reports(let outcome): outcome.rawValue
    case .drops: "dropped"
    case .never: "never"
    }
  }

  private static func style(_ row: BreakerReplay.Row) -> Terminal.Style? {
    if case .rejected = row.happening { .red } else { nil }
  }

  private static func style(_ state: BreakerState) -> Terminal.Style? {
    switch state {
    case .closed: .green
    case .open, .forcedOpen: .red
    case .halfOpen: .yellow
    case .forcedClosed, .disabled: .cyan
    }
  }

  /// One digit behind the point, and none if that is 0.
  private static func percent(_ rate: Double) -> String {
    let value = (rate * 1000).rounded() / 10
    return Int(exactly: value).map { "\($0) %" } ?? "\(value) %"
  }
}

/// A replay for programs; field names are written in snake case.
struct ReplayReport: Encodable {
  struct Row: Encodable {
    let atMs: Int64
    let input: Int
    let call: Int
    let what: String
    /// nil for what needs no decision.
    let decision: String?
    let reason: String?
    let retryAfterMs: Double?
    let isProbe: Bool?
    /// Whether an outcome mattered; nil for what has none.
    let counted: Bool?
    let state: String
    let calls: Int
    let failureRate: Double
    let slowRate: Double
    let liveProbes: Int
  }

  let name: String
  let rows: [Row]
  let differences: [String]

  init(_ replay: BreakerReplay, _ trace: BreakerTrace) {
    name = trace.name
    rows = replay.rows.map(Row.init)
    differences = replay.differences.map(\.description)
  }
}

extension ReplayReport.Row {
  init(_ row: BreakerReplay.Row) {
    var decision: String?
    var rejection: BreakerRejection?
    var isProbe: Bool?
    var counted: Bool?
    switch row.happening {
    case .rejected(let why): (decision, rejection) = ("rejected", why)
    case .permitted(let probe): (decision, isProbe) = ("permitted", probe)
    case .ended(_, let did): counted = did
    case .command, .looked: break
    }
    self.init(
      atMs: row.atMs, input: row.input, call: row.call, what: Render.what(row),
      decision: decision, reason: rejection.map { "\($0.reason)" },
      retryAfterMs: rejection?.retryAfterNanoseconds.map { Double($0) / 1e6 },
      isProbe: isProbe, counted: counted, state: row.state.name, calls: row.tally.calls,
      failureRate: row.tally.failureRate, slowRate: row.tally.slowRate,
      liveProbes: row.liveProbes)
  }
}
