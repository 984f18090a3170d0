/// Names a deadline: one per stream and kind.
package struct DeadlineKey: Hashable, Sendable, CustomStringConvertible {
  package let stream: StreamKey
  /// What falls due, e.g. `store-answer`.
  package let kind: String

  package init(stream: StreamKey, kind: String) {
    self.stream = stream
    self.kind = kind
  }

  package var description: String { "\(stream) \(kind)" }
}

/// A durable wall-clock row: at `dueAt` a command is sent, which may turn out to do nothing.
package struct Deadline: Hashable, Sendable {
  package var key: DeadlineKey
  package var dueAt: WallTime
  /// Who is being waited for, e.g. `store`.
  package var owner: String
  /// Whatever the handler needs to know, opaque to the journal.
  package var payload: String

  package init(key: DeadlineKey, dueAt: WallTime, owner: String, payload: String = "") {
    self.key = key
    self.dueAt = dueAt
    self.owner = owner
    self.payload = payload
  }
}

/// A change of deadlines within an append; applied in the order given.
package enum DeadlineChange: Hashable, Sendable {
  /// Sets it, replacing one of the same key.
  case set(Deadline)
  /// Removes it; no effect if there is none.
  case clear(DeadlineKey)
  /// Removes it only if it still falls due at this time.
  case clearDue(DeadlineKey, at: WallTime)
  /// Removes every deadline of the stream.
  case clearAll(StreamKey)
}
