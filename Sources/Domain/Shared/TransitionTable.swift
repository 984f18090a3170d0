/// What may come of a command: the kinds of event it produces, in order, and the phase after them.
public struct Outcome<Phase: Hashable & Sendable, EventKind: Hashable & Sendable>: Hashable,
  Sendable
{
  /// Empty when the command changes nothing: a repetition, or an input that came too late.
  public let events: [EventKind]
  /// Nil when the phase stays.
  public let phase: Phase?

  /// Changes nothing, and is no error.
  public static var ignored: Outcome { Outcome(events: [], phase: nil) }
  /// Produces these events and leads to this phase.
  public static func to(_ phase: Phase, _ events: EventKind...) -> Outcome {
    Outcome(events: events, phase: phase)
  }
  /// Produces these events and stays in the phase.
  public static func stay(_ events: EventKind...) -> Outcome {
    Outcome(events: events, phase: nil)
  }
}

/// One row of a transition table.
public struct Transition<
  Phase: Hashable & Sendable, CommandKind: Hashable & Sendable, EventKind: Hashable & Sendable
>: Sendable {
  public let command: CommandKind
  public let phases: [Phase]
  public let roles: [Role]
  /// What may come of it; which one, the guard tells.
  public let outcomes: [Outcome<Phase, EventKind>]
  /// What else must hold, in words; empty when nothing must.
  public let guardText: String

  /// The command, in any of these phases, by any of these roles, has one of these outcomes.
  public static func on(
    _ command: CommandKind, in phases: [Phase], by roles: [Role],
    _ outcomes: Outcome<Phase, EventKind>..., when guardText: String = ""
  ) -> Transition {
    Transition(
      command: command, phases: phases, roles: roles, outcomes: outcomes, guardText: guardText)
  }
}

/// Everything an aggregate can do, as data: enforced by `Decider.decide`, enumerated by the
/// tests, printed by `baedal transitions`. What is not in it is refused.
public struct TransitionTable<
  Phase: CaseIterable & Hashable & Sendable, CommandKind: CaseIterable & Hashable & Sendable,
  EventKind: Hashable & Sendable
>: Sendable {
  public typealias Row = Transition<Phase, CommandKind, EventKind>

  private struct Cell: Hashable {
    let phase: Phase
    let command: CommandKind
  }

  public let rows: [Row]
  private let cells: [Cell: [Row]]
  private let rolesByCommand: [CommandKind: Set<Role>]

  public init(_ rows: [Row]) {
    self.rows = rows
    var cells: [Cell: [Row]] = [:]
    var roles: [CommandKind: Set<Role>] = [:]
    for row in rows {
      for phase in row.phases {
        cells[Cell(phase: phase, command: row.command), default: []].append(row)
      }
      roles[row.command, default: []].formUnion(row.roles)
    }
    self.cells = cells
    self.rolesByCommand = roles
  }

  /// The row for this phase, command and role; nil when the table has none.
  public func row(phase: Phase, command: CommandKind, role: Role) -> Row? {
    cells[Cell(phase: phase, command: command)]?.first { $0.roles.contains(role) }
  }

  /// Whether the role gives the command in any phase.
  public func isAllowed(_ role: Role, _ command: CommandKind) -> Bool {
    rolesByCommand[command]?.contains(role) ?? false
  }
}
