@preconcurrency import Glibc
import Messages
import Synchronization

/// Tells how far a rebuild is: JSON lines for programs, one line that changes on a terminal, and
/// nothing but the end otherwise.
final class Progress: Sendable {
  private struct State {
    var last = RebuildDashboardUpdate()
    var shown = ""
  }

  private let isJSON: Bool
  private let hasTerminal = isatty(STDERR_FILENO) == 1
  private let began = ContinuousClock.now
  private let state = Mutex(State())

  init(isJSON: Bool) { self.isJSON = isJSON }

  /// May be called from any thread.
  func show(_ update: RebuildDashboardUpdate) {
    state.withLock { state in
      state.last = update
      if isJSON {
        print(update)
      } else if hasTerminal {
        let percent = update.events * 100 / max(1, update.eventsTotal)
        let text = "\(percent) % of \(update.eventsTotal) events"
        guard text != state.shown else { return }
        state.shown = text
        fputs("\r\(text)\u{1B}[K", stderr)
      }
    }
  }

  /// The view is in use.
  func finish(_ update: RebuildDashboardUpdate? = nil) {
    state.withLock { state in
      var last = update ?? state.last
      last.done = true
      if isJSON { return print(last) }
      if hasTerminal { fputs("\r\u{1B}[K", stderr) }
      let time = Show.duration(ContinuousClock.now - began)
      Terminal.say("the dashboard was built anew from \(last.events) events in \(time)")
    }
  }

  private func print(_ update: RebuildDashboardUpdate) {
    // Three numbers always have a JSON form.
    if let line = try? update.json() { Terminal.say(line) }
  }
}
