import Synchronization

/// Shows whether somebody who works gets on: pieces of work begin and end here, and an observer
/// sees the oldest one under way. One that stays the same for long is stuck, however much else is
/// done beside it. Who has nothing to do has nothing under way.
///
/// No clock is read here, so that a piece of work costs tens of nanoseconds; the observer has one.
public final class Pulse: Sendable {
  /// A piece of work under way.
  public struct Beat: Sendable {
    fileprivate let number: UInt64
  }

  private struct State {
    var next: UInt64 = 0
    /// Few at a time, so that looking through them is quick.
    var underWay: [UInt64] = []
  }

  private let state = Mutex(State())

  public init() {}

  /// A piece of work begins; `end` must follow.
  public func begin() -> Beat {
    state.withLock { state in
      state.next &+= 1
      state.underWay.append(state.next)
      return Beat(number: state.next)
    }
  }

  public func end(_ beat: Beat) {
    state.withLock { state in
      guard let at = state.underWay.firstIndex(of: beat.number) else { return }
      state.underWay.swapAt(at, state.underWay.count - 1)
      state.underWay.removeLast()
    }
  }

  /// The number of the oldest piece of work under way, which is never used again; nil: none.
  public var oldest: UInt64? { state.withLock { $0.underWay.min() } }

  /// Runs a piece of work.
  public nonisolated(nonsending) func during<Value, Failure: Error>(
    _ body: nonisolated(nonsending) () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let beat = begin()
    defer { end(beat) }
    return try await body()
  }
}
