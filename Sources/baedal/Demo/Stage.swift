import Messages
import Node

/// What the audience sees: who did what, and what came of it. Prints whole lines, so that several
/// tasks may use it.
struct Stage: Sendable {
  func title(_ text: String) {
    print("\n" + Terminal.styled(text, .bold))
  }

  /// Somebody did something.
  func act(_ who: String, _ what: String, _ outcome: String, took: Duration) {
    let line = [
      Terminal.styled(Show.time(ms: Self.nowMs()), .dim),
      Terminal.styled(Terminal.padded(who, to: 10), .bold),
      Terminal.padded(Terminal.plain(what), to: 52),
      Terminal.styled("→", .dim),
      Terminal.padded(outcome, to: 0),
      Terminal.styled(Show.duration(took), .dim),
    ]
    print(line.joined(separator: " "))
  }

  /// The dashboard noticed a change.
  func seen(_ update: OrderUpdate) {
    let state = update.order?.state ?? .unspecified
    let at = update.order?.updatedAtMs ?? 0
    let step =
      update.step ?? OrderStep(atMs: at, service: "order", event: "as the dashboard knows it")
    let line = [
      Terminal.styled(Show.time(ms: step.atMs), .dim),
      Terminal.styled("  dashboard  \(Terminal.padded(step.service, to: 9))", .blue),
      Terminal.padded(Terminal.plain(step.event), to: 27),
      Terminal.styled(Show.name(state), Show.style(state)),
    ]
    print(line.joined(separator: " "))
  }

  func note(_ text: String, _ style: Terminal.Style? = .dim) {
    print(Terminal.styled("             " + Terminal.plain(text), style))
  }

  static func nowMs() -> Int64 { NodeClock.milliseconds() }
}
