import Synchronization

/// A bound on bytes held at once by all connections of a server.
final class ByteBudget: Sendable {
  private let free: Atomic<Int>

  init(bytes: Int) {
    free = Atomic(bytes)
  }

  /// Takes that many bytes, or none if they are not all there.
  func take(_ bytes: Int) -> Bool {
    if free.subtract(bytes, ordering: .relaxed).newValue >= 0 { return true }
    free.add(bytes, ordering: .relaxed)
    return false
  }

  func giveBack(_ bytes: Int) {
    free.add(bytes, ordering: .relaxed)
  }

  /// Counts `new` bytes where `old` were counted, also beyond the bound: they are there. False when
  /// they are more than before and too many.
  func recount(from old: Int, to new: Int) -> Bool {
    let left = free.add(old - new, ordering: .relaxed).newValue
    return new <= old || left >= 0
  }

  var available: Int { free.load(ordering: .relaxed) }
}

/// What all connections of a server have together.
struct ServerBudgets: Sendable {
  /// For what is asked.
  let requests: ByteBudget
  /// For what has come of frames that are not complete. Not that of requests: whoever dawdles is not
  /// to have the calls of others refused, and a call too many costs a call, not a connection.
  let frames: ByteBudget
  /// For answers that were not sent yet.
  let unsent: ByteBudget
}

extension ServerBudgets {
  init(_ limits: ServerLimits) {
    self.init(
      requests: ByteBudget(bytes: limits.requestBytesMax),
      frames: ByteBudget(bytes: limits.requestBytesMax),
      unsent: ByteBudget(bytes: limits.unsentBytesMax))
  }
}
