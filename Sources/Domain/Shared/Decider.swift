/// An aggregate as a pure state machine: commands and a state in, events or a refusal out.
///
/// A type that conforms gives its table, who owns a state, and the guards that a table cannot
/// say; `decide` puts them together, so that nothing goes round the table.
public protocol Decider {
  associatedtype Phase: CaseIterable, Hashable, Sendable, RawRepresentable<String>
  associatedtype CommandKind: CaseIterable, Hashable, Sendable, RawRepresentable<String>
  associatedtype EventKind: CaseIterable, Hashable, Sendable, RawRepresentable<String>
  associatedtype State: Hashable, Sendable
  associatedtype Command: Hashable, Sendable
  associatedtype Event: Hashable, Sendable

  /// What the aggregate is called, such as `Order`.
  static var name: String { get }
  /// The state of a stream without events.
  static var initial: State { get }
  static var table: TransitionTable<Phase, CommandKind, EventKind> { get }

  static func phase(of state: State) -> Phase
  static func kind(of command: Command) -> CommandKind
  static func kind(of event: Event) -> EventKind

  /// Whether the state, or for a first command the command, belongs to whoever gives it. Asked
  /// only of roles that the table lets give the command.
  static func isOwner(_ principal: Principal, of state: State, for command: Command) -> Bool

  /// Whether this principal may know of the state, also where they may not change it. False for
  /// everybody where there is nothing yet.
  static func isVisible(_ state: State, to principal: Principal) -> Bool

  /// The guards and the events, for a command that the table allows here.
  static func events(
    for command: Command, state: State, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [Event]

  /// The state after an event. Total: an event that does not fit leaves the state as it is.
  static func evolve(_ state: State, _ event: Event) -> State
}

extension Decider {
  /// What the command brings about: events to append in one piece, none when there is nothing to
  /// do, or a `Rejection` that names state and command. Reads nothing but its arguments.
  ///
  /// Specialised here, since callers in other modules cannot: unspecialised it takes ten times as
  /// long.
  @_specialize(where Self == Order)
  @_specialize(where Self == Payment)
  @_specialize(where Self == Ticket)
  @_specialize(where Self == Delivery)
  public static func decide(
    _ command: Command, state: State, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [Event] {
    do {
      try admit(command, state: state, by: principal)
      return try events(for: command, state: state, by: principal, at: now)
    } catch {
      var rejection = error
      // Whoever may not see it is not told where it is either.
      let known = isVisible(state, to: principal) ? state : initial
      rejection.state = phase(of: known).rawValue
      rejection.command = kind(of: command).rawValue
      throw rejection
    }
  }

  /// The state after several events.
  public static func evolve(_ state: State, _ events: some Sequence<Event>) -> State {
    events.reduce(state) { evolve($0, $1) }
  }

  private static var absent: Rejection {
    Rejection(.notFound, "there is no such \(name.lowercased())")
  }

  private static func admit(
    _ command: Command, state: State, by principal: Principal
  ) throws(Rejection) {
    let kind = kind(of: command)
    let phase = phase(of: state)
    let row = table.row(phase: phase, command: kind, role: principal.role)
    guard row != nil || table.isAllowed(principal.role, kind) else {
      throw Rejection(.forbiddenRole, "\(kind.rawValue) is not for the role \(principal.role)")
    }
    let nothing = Self.phase(of: initial)
    guard phase != nothing || row != nil else { throw absent }
    guard isOwner(principal, of: state, for: command) else {
      // Who may not see it learns nothing: they are refused as if it did not exist.
      let isFirst = table.row(phase: nothing, command: kind, role: principal.role) != nil
      guard isFirst || isVisible(state, to: principal) else { throw absent }
      throw Rejection(.notYours, "this \(name.lowercased()) is not yours")
    }
    guard row != nil else {
      throw Rejection(.illegalState, "\(kind.rawValue) is not possible in state \(phase.rawValue)")
    }
  }
}
