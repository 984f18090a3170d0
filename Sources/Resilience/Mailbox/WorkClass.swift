/// How much it hurts when a piece of work is refused: what is more, goes first and has places kept
/// for it.
public enum WorkClass: Int, CaseIterable, Comparable, Hashable, Sendable {
  /// New work, and questions: whoever asks can ask again.
  case fresh
  /// What carries on something that is paid for.
  case continuing
  /// What ends or mends something: cancellations, refunds, operators.
  case settling

  public static func < (left: WorkClass, right: WorkClass) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// How much work is taken in at once, and how long it may wait for its turn.
public struct MailboxPolicy: Hashable, Sendable {
  public static let countMax = 1_000_000

  /// Those that wait at most; 0: none waits.
  public var waitingMax: Int
  /// Of a hundred places, those that new work leaves free. Half of them are left free by what
  /// continues, too.
  public var reservedPercent: Int
  /// New work should not wait longer than this; it may wait longer while a burst is worked off.
  public var target: Duration
  /// A queue that has not been empty for so long is no burst: from then on `target` holds.
  public var interval: Duration

  public init(
    waitingMax: Int, reservedPercent: Int = 10, target: Duration = .milliseconds(50),
    interval: Duration = .milliseconds(500)
  ) {
    self.waitingMax = waitingMax
    self.reservedPercent = reservedPercent
    self.target = target
    self.interval = interval
  }

  /// Throws what is wrong first, naming the field as it stands in a file.
  public func validate() throws(PolicyError) {
    try PolicyCheck.count("mailbox_max", waitingMax, in: 0...Self.countMax)
    try PolicyCheck.count("reserved_percent", reservedPercent, in: 0...90)
    try PolicyCheck.duration("queue_target_ms", target, upTo: .seconds(60))
    try PolicyCheck.duration("queue_interval_ms", interval, upTo: .seconds(600))
  }

  /// How many may be inside when another of this class goes in, at `capacity` places.
  public func places(for work: WorkClass, of capacity: Int) -> Int {
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
public struct MailboxRefusal: Error, Hashable, Sendable {
  public enum Reason: String, CaseIterable, Hashable, Sendable {
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
    public var isShed: Bool { self != .cancelled }
  }

  public var reason: Reason
  /// After so long another attempt may find a place.
  public var retryAfter: Duration

  public init(_ reason: Reason, retryAfter: Duration) {
    self.reason = reason
    self.retryAfter = retryAfter
  }
}
