/// Names a deadline: one per stream and kind.
public struct DeadlineKey: Hashable, Sendable, CustomStringConvertible {
  public let stream: StreamKey
  /// What falls due, e.g. `store-answer`.
  public let kind: String

  public init(stream: StreamKey, kind: String) {
    self.stream = stream
    self.kind = kind
  }

  public var description: String { "\(stream) \(kind)" }
}

/// A durable wall-clock row: at `dueAt` a command is sent, which may turn out to do nothing.
public struct Deadline: Hashable, Sendable {
  public var key: DeadlineKey
  public var dueAt: WallTime
  /// Who is being waited for, e.g. `store`.
  public var owner: String
  /// Whatever the handler needs to know, opaque to the journal.
  public var payload: String

  public init(key: DeadlineKey, dueAt: WallTime, owner: String, payload: String = "") {
    self.key = key
    self.dueAt = dueAt
    self.owner = owner
    self.payload = payload
  }
}

/// A change of deadlines within an append; applied in the order given.
public enum DeadlineChange: Hashable, Sendable {
  /// Sets it, replacing one of the same key.
  case set(Deadline)
  /// Removes it; no effect if there is none.
  case clear(DeadlineKey)
  /// Removes it only if it still falls due at this time.
  case clearDue(DeadlineKey, at: WallTime)
}
