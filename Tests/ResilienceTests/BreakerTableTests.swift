import Resilience
import Testing

/// Every state × every input.
@Suite struct BreakerTableTests {
  /// A machine in some state, a permit that somebody still holds, and the time of the input.
  private struct Situation {
    var machine: BreakerMachine
    var ticket: BreakerMachine.Ticket
    var now: MonotonicInstant
  }

  private static let situations = [
    "closed", "open", "wait over", "one probe", "all probes", "last probe", "lease over",
    "forced open", "forced closed", "disabled",
  ]

  private static let inputs = [
    "ask", "success", "failure", "ignored", "drop", "look", "force open", "force closed", "disable",
    "reset", "replace",
  ]

  /// What the input answers, and the state after it.
  private static let expected = """
    closed        | permitted > closed | counted > closed | counted > open | counted > closed | returned > closed | - > closed
    open          | rejected open > open | stale > open | stale > open | stale > open | stale > open | - > open
    wait over     | probe > half-open | stale > open | stale > open | stale > open | stale > open | - > open
    one probe     | probe > half-open | counted > half-open | counted > half-open | counted > half-open | returned > half-open | - > half-open
    all probes    | rejected probesTaken > half-open | counted > half-open | counted > half-open | counted > half-open | returned > half-open | - > half-open
    last probe    | rejected probesTaken > half-open | counted > closed | counted > open | counted > half-open | returned > half-open | - > half-open
    lease over    | rejected open > open | stale > open | stale > open | stale > open | returned > half-open | - > open
    forced open   | rejected forcedOpen > forced open | stale > forced open | stale > forced open | stale > forced open | stale > forced open | - > forced open
    forced closed | permitted > forced closed | counted > forced closed | counted > forced closed | counted > forced closed | returned > forced closed | - > forced closed
    disabled      | permitted > disabled | counted > disabled | counted > disabled | counted > disabled | returned > disabled | - > disabled
    """

  @Test func everyStateAnswersEveryInputAsTheTableSays() throws {
    var lines: [String] = []
    for name in Self.situations {
      var cells: [String] = []
      for input in Self.inputs.prefix(6) {
        var situation = try Self.situation(name)
        let answer = Self.apply(input, to: &situation)
        cells.append("\(answer) > \(situation.machine.state.name)")
      }
      let head = name + String(repeating: " ", count: 13 - name.count)
      lines.append("\(head) | " + cells.joined(separator: " | "))
    }
    #expect(lines == Self.expected.split(separator: "\n").map(String.init))
  }

  @Test(arguments: situations) func everyStateObeysAnOperator(name: String) throws {
    let targets = [
      "force open": "forced open", "force closed": "forced closed", "disable": "disabled",
      "reset": "closed",
    ]
    for (input, target) in targets {
      var situation = try Self.situation(name)
      _ = Self.apply(input, to: &situation)
      #expect(situation.machine.state.name == target, "\(input)")
      #expect(situation.machine.liveProbes == 0)
      // Whatever was under way before belongs to an earlier generation.
      let counted = situation.machine.settle(situation.ticket, .failure, at: situation.now)
      #expect(!counted)
      #expect(situation.machine.state.name == target)
    }
  }

  @Test(arguments: situations) func everyStateStaysWhenThePolicyIsReplaced(name: String) throws {
    var situation = try Self.situation(name)
    situation.machine.look(at: situation.now)
    let state = situation.machine.state
    _ = Self.apply("replace", to: &situation)
    #expect(situation.machine.state == state)
    #expect(situation.machine.policy.probes == 4)
    #expect(situation.machine.liveProbes == 0)
    let counted = situation.machine.settle(situation.ticket, .failure, at: situation.now)
    #expect(!counted)
  }

  @Test(arguments: situations) func whoAsksBeforeWaitingHearsWhatAskingWouldSay(
    name: String
  ) throws {
    var asked = try Self.situation(name)
    var looked = asked
    let refusal = looked.machine.refusal(at: looked.now)
    let before = looked.machine.snapshot
    switch asked.machine.ask(at: asked.now) {
    case .permitted:
      #expect(refusal == nil)
      // Nothing was taken: whoever asks now is let through all the same.
      guard case .permitted = looked.machine.ask(at: looked.now) else { throw Refused() }
      #expect(looked.machine.snapshot == asked.machine.snapshot)
    case .rejected(let rejection):
      #expect(refusal == rejection)
      #expect(before.counters.rejected == asked.machine.counters.rejected)
      #expect(before.state == asked.machine.state)
    }
  }

  private static func apply(_ input: String, to situation: inout Situation) -> String {
    let now = situation.now
    switch input {
    case "ask":
      switch situation.machine.ask(at: now) {
      case .permitted: return situation.machine.liveProbes > 0 ? "probe" : "permitted"
      case .rejected(let rejection): return "rejected \(rejection.reason)"
      }
    case "drop":
      let before = situation.machine.counters.stale
      situation.machine.drop(situation.ticket)
      return situation.machine.counters.stale == before ? "returned" : "stale"
    case "look": situation.machine.look(at: now)
    case "replace": try? situation.machine.replace(policy: Sample.policy(probes: 4), at: now)
    default:
      if let outcome = CallOutcome(rawValue: input) {
        return situation.machine.settle(situation.ticket, outcome, at: now) ? "counted" : "stale"
      }
      if let command = BreakerCommand(rawValue: input) {
        situation.machine.operate(command, at: now)
      }
    }
    return "-"
  }

  private static func situation(_ name: String) throws -> Situation {
    var machine = try BreakerMachine(policy: Sample.policy(), seed: 1)
    let start = Sample.second(0)
    let first = try permitted(machine.ask(at: start))
    switch name {
    case "closed":
      machine.settle(try permitted(machine.ask(at: start)), .success, at: start)
      return Situation(machine: machine, ticket: first, now: start)
    case "forced open", "forced closed", "disabled":
      let command =
        name == "forced open" ? "force open" : name == "disabled" ? "disable" : "force closed"
      machine.operate(try #require(BreakerCommand(rawValue: command)), at: start)
      let ticket = try? permitted(machine.ask(at: start))
      return Situation(machine: machine, ticket: ticket ?? first, now: start)
    default: break
    }
    for _ in 0..<2 {
      machine.settle(try permitted(machine.ask(at: start)), .failure, at: start)
    }
    if name == "open" { return Situation(machine: machine, ticket: first, now: Sample.second(4)) }
    let over = Sample.second(5)
    if name == "wait over" { return Situation(machine: machine, ticket: first, now: over) }
    let probe = try permitted(machine.ask(at: over))
    if name == "one probe" { return Situation(machine: machine, ticket: probe, now: over) }
    let second = try permitted(machine.ask(at: over))
    if name == "all probes" { return Situation(machine: machine, ticket: probe, now: over) }
    machine.settle(second, .success, at: over)
    let now = name == "lease over" ? Sample.second(15) : over
    return Situation(machine: machine, ticket: probe, now: now)
  }

  private static func permitted(
    _ decision: BreakerMachine.Decision
  ) throws -> BreakerMachine.Ticket {
    guard case .permitted(let ticket) = decision else { throw Refused() }
    return ticket
  }
}
