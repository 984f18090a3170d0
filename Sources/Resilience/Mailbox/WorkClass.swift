/// How much it hurts when a piece of work is refused: what is more, goes first and has places kept
/// for it.
package enum WorkClass: Int, CaseIterable, Comparable, Hashable, Sendable {
  /// New work, and questions: whoever asks can ask again.
  case fresh
  /// What carries on something that is paid for.
  case continuing
  /// What ends or mends something: cancellations, refunds, operators.
  case settling

  package static func < (left: WorkClass, right: WorkClass) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// How much work is taken in at once, and how long it may wait for its turn.
package struct MailboxPolicy: Hashable, Sendable {
  package static let countMax = 1_000_000

  /// Those that wait at most; 0: none waits.
  package var waitingMax: Int
  /// Of a hundred places, those that new work leaves free. Half of them are left free by what
  /// continues, too.
  package var reservedPercent: Int
  /// New work should not wait longer than this; it may wait longer while a burst is worked off.
  package var target: Duration
  /// A queue that has not been empty for so long is no burst: from then on `target` holds.
  package var interval: Duration

  package init(
    waitingMax: Int, reservedPercent: Int = 10, target: Duration = .milliseconds(50),
    interval: Duration = .milliseconds(500)
  ) {
    self.waitingMax = waitingMax
    self.reservedPercent = reservedPercent
    self.target = target
    self.interval = interval
  }

  /// Throws what is wrong first, naming the field as it stands in a file.
  package func validate() throws(PolicyError) {
    try PolicyCheck.count("mailbox_max", waitingMax, in: 0...Self.countMax)
    try PolicyCheck.count("reserved_percent", reservedPercent, in: 0...90)
    try PolicyCheck.duration("queue_target_ms", target, upTo: .seconds(60))
    try PolicyCheck.duration("queue_interval_ms", interval, upTo: .seconds(600))
  }

  /// How many may be inside when another of this class goes in, at `capacity` places.
  package func places(for work: WorkClass, of capacity: Int) -> Int {
    guard capacity > 1 else { return max(0, capacity) }
    let reserved = (capacity * min(max(reservedPercent, 0), 90) + 99) / 100
    let kept =
      switch work {
      case .fresh: reserved
      case .continuing: reserved / 2
      case .settling: 0
      }
    return max(1, capacity - kept)
  }
}

/// Why work was not taken in. It was not begun.
package struct MailboxRefusal: Error, Hashable, Sendable {
  package enum Reason: String, CaseIterable, Hashable, Sendable {
    /// All places are taken, and all places to wait.
    case full
    /// Its turn would not have come, or did not come, within the time that it may wait.
    case late
    /// Its own deadline would have passed, or has passed, before its turn.
    case overdue
    /// It gave up its place in the queue to work that matters more.
    case displaced
    /// The caller gave up while it waited.
    case cancelled

    /// Whether there was too much to do, as far as that can be told from one refusal.
    package var isShed: Bool { self != .cancelled }
  }

  package var reason: Reason
  /// After so long another attempt may find a place.
  package var retryAfter: Duration

  package init(_ reason: Reason, retryAfter: Duration) {
    self.reason = reason
    self.retryAfter = retryAfter
  }
}
