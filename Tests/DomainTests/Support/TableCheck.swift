import Testing

@testable import Domain

/// A state of the aggregate that some events lead to.
struct Situation<D: Decider> {
  let state: D.State

  init(_ events: [D.Event]) { state = D.evolve(D.initial, events) }
}

/// What every state × command × principal of an aggregate comes to.
struct TableCheck<D: Decider> {
  let situations: [Situation<D>]
  let commands: [D.Command]
  let principals = Sample.owners + Sample.strangers

  /// A change of phase that really happens: from, command, role, to.
  struct Step: Hashable, CustomStringConvertible {
    let from: String
    let command: String
    let role: String
    let to: String
    var description: String { "\(from) \(command) \(role) \(to)" }
  }

  private struct OutcomeID: Hashable {
    let row: Int
    let outcome: Int
  }

  /// What of the table the samples have reached.
  private struct Coverage {
    var outcomes: Set<OutcomeID> = []
    var cells: Set<String> = []
  }

  /// Runs everything, holds it against the table, and returns the changes of phase that happen.
  @discardableResult
  func run() -> Set<Step> {
    checkComplete()
    var steps: Set<Step> = []
    var reached = Coverage()
    for situation in situations {
      for command in commands {
        for principal in principals {
          let result = result(situation.state, command, principal)
          check(result, situation.state, command, principal, &reached, &steps)
        }
      }
    }
    for (index, row) in D.table.rows.enumerated() {
      for outcome in row.outcomes.indices {
        guard !reached.outcomes.contains(OutcomeID(row: index, outcome: outcome)) else { continue }
        Issue.record("no sample reaches outcome \(outcome) of \(row.command) in \(row.phases)")
      }
      for phase in row.phases {
        for role in row.roles {
          let cell = "\(phase.rawValue) \(row.command.rawValue) \(role.rawValue)"
          guard !reached.cells.contains(cell) else { continue }
          Issue.record("the table allows what never succeeds: \(cell)")
        }
      }
    }
    return steps
  }

  private func result(
    _ state: D.State, _ command: D.Command, _ principal: Principal
  ) -> Result<[D.Event], Rejection> {
    do {
      return .success(try D.decide(command, state: state, by: principal, at: Sample.now))
    } catch {
      return .failure(error)
    }
  }

  /// Every phase and command kind has a sample, and no two rows compete for one cell.
  private func checkComplete() {
    let phases = Set(situations.map { D.phase(of: $0.state) })
    #expect(phases == Set(D.Phase.allCases), "a phase has no sample")
    #expect(Set(commands.map(D.kind(of:))) == Set(D.CommandKind.allCases))
    for phase in D.Phase.allCases {
      for kind in D.CommandKind.allCases {
        for role in Role.allCases {
          let rows = D.table.rows.filter {
            $0.phases.contains(phase) && $0.command == kind && $0.roles.contains(role)
          }
          #expect(rows.count <= 1, "\(rows.count) rows for \(phase) \(kind) \(role)")
        }
      }
    }
  }

  private func check(
    _ result: Result<[D.Event], Rejection>, _ state: D.State, _ command: D.Command,
    _ principal: Principal, _ reached: inout Coverage, _ steps: inout Set<Step>
  ) {
    let phase = D.phase(of: state)
    let kind = D.kind(of: command)
    let cell = "\(phase.rawValue) \(kind.rawValue) by \(principal)"
    let index = D.table.rows.firstIndex {
      $0.phases.contains(phase) && $0.command == kind && $0.roles.contains(principal.role)
    }
    switch result {
    case .failure(let rejection):
      #expect(rejection.command == kind.rawValue)
      #expect(!rejection.message.isEmpty)
      let mayKnow = D.isVisible(state, to: principal)
      #expect(rejection.state == (mayKnow ? phase : D.phase(of: D.initial)).rawValue)
      if !mayKnow, Sample.strangers.contains(principal) {
        // Nothing tells what may not be seen from what does not exist.
        let absent = self.result(D.initial, command, principal)
        #expect(result == absent, "\(cell)")
      }
      if index == nil { checkRefusal(rejection, state, kind, principal, cell) }
    case .success(let events):
      guard let index else {
        Issue.record("\(cell) is not in the table, and was allowed")
        return
      }
      #expect(!Sample.strangers.contains(principal), "\(cell): a stranger was let in")
      expectChanges(events, state, cell)
      let after = D.phase(of: D.evolve(state, events))
      let row = D.table.rows[index]
      let outcome = row.outcomes.firstIndex {
        $0.events == events.map(D.kind(of:)) && ($0.phase ?? phase) == after
      }
      guard let outcome else {
        Issue.record("\(cell): \(events) leading to \(after) is not in the table")
        return
      }
      reached.outcomes.insert(OutcomeID(row: index, outcome: outcome))
      reached.cells.insert("\(phase.rawValue) \(kind.rawValue) \(principal.role.rawValue)")
      guard after != phase else { return }
      steps.insert(
        Step(
          from: phase.rawValue, command: kind.rawValue, role: principal.role.rawValue,
          to: after.rawValue))
    }
  }

  /// The audit takes an event that changes nothing for one that nobody should have written.
  private func expectChanges(_ events: [D.Event], _ state: D.State, _ cell: String) {
    var before = state
    for event in events {
      let after = D.evolve(before, event)
      if after == before { Issue.record("\(cell): \(event) changes nothing") }
      before = after
    }
  }

  private func checkRefusal(
    _ rejection: Rejection, _ state: D.State, _ kind: D.CommandKind, _ principal: Principal,
    _ cell: String
  ) {
    let isForRole = D.table.rows.contains {
      $0.command == kind && $0.roles.contains(principal.role)
    }
    guard isForRole else {
      #expect(rejection.code == .forbiddenRole, "\(cell)")
      return
    }
    let mayKnow = D.isVisible(state, to: principal)
    if D.phase(of: state).rawValue == "none" {
      #expect(rejection.code == .notFound, "\(cell)")
    } else if Sample.strangers.contains(principal) {
      #expect(rejection.code == (mayKnow ? .notYours : .notFound), "\(cell)")
    } else {
      // A rider who was asked once knows of a delivery that is another one's by now.
      let codes: [Rejection.Code] = [.illegalState, mayKnow ? .notYours : .notFound]
      #expect(codes.contains(rejection.code), "\(cell)")
    }
  }
}

extension TableCheck {
  /// Holds what happens against a list written by hand: `from command role,role -> to` per line.
  func expectExactly(_ list: String) {
    let steps = run()
    var expected: Set<Step> = []
    for line in list.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 5, words[3] == "->" else {
        Issue.record("cannot read: \(line)")
        continue
      }
      for from in words[0].split(separator: ",") {
        for role in words[2].split(separator: ",") {
          expected.insert(
            Step(from: String(from), command: words[1], role: String(role), to: words[4]))
        }
      }
    }
    for step in steps.subtracting(expected).sorted(by: { "\($0)" < "\($1)" }) {
      Issue.record("happens, and should not: \(step)")
    }
    for step in expected.subtracting(steps).sorted(by: { "\($0)" < "\($1)" }) {
      Issue.record("should happen, and does not: \(step)")
    }
  }
}

/// A small generator of random numbers (SplitMix64), so that a seed tells the whole run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
