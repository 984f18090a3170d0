import Journal
import Synchronization

/// One run of some work, in a task without a parent: a parent waits for its children, and what does
/// not end even when it is cancelled must not keep those who give it up from going on.
struct WorkRun: Sendable {
  /// Shows whether it gets on.
  let pulse: Pulse
  private let ending: WorkEnding
  private let task: Task<Void, Never>

  init(_ work: Background.Work) {
    let (pulse, ending) = (Pulse(), WorkEnding())
    self.pulse = pulse
    self.ending = ending
    task = Task {
      do {
        try await work.run(pulse)
        ending.come(with: nil)
      } catch { ending.come(with: error is CancellationError ? nil : error) }
    }
  }

  func cancel() { task.cancel() }

  var hasEnded: Bool { ending.hasCome }

  /// Waits until it has ended, and gives what it threw, unless that was its cancellation. Whoever
  /// is cancelled waits no longer.
  func end() async -> (any Error)? {
    await ending.wait()
    return ending.error
  }
}

/// The end of a run, for all who wait for it.
private final class WorkEnding: Sendable {
  private struct State {
    var hasCome = false
    var error: (any Error)?
    var waiting: [AsyncStream<Void>.Continuation] = []
  }

  private let state = Mutex(State())

  var hasCome: Bool { state.withLock { $0.hasCome } }
  var error: (any Error)? { state.withLock { $0.error } }

  func come(with error: (any Error)?) {
    let waiting = state.withLock { state in
      state.hasCome = true
      state.error = error
      defer { state.waiting = [] }
      return state.waiting
    }
    for waiter in waiting { waiter.finish() }
  }

  /// Returns once it has come, or this task is cancelled.
  func wait() async {
    let (end, waiter) = AsyncStream<Void>.makeStream()
    let hasCome = state.withLock { state in
      if !state.hasCome { state.waiting.append(waiter) }
      return state.hasCome
    }
    guard !hasCome else { return }
    for await _ in end {}
  }
}
