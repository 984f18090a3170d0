import Synchronization

/// A bound on request bytes held at once by all connections of a server.
final class RequestBudget: Sendable {
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

  var available: Int { free.load(ordering: .relaxed) }
}
