package import Domain
package import Journal

/// A decider whose aggregates live in a service's journal: what the pure machine cannot know.
package protocol JournaledDecider: Decider, EventSourced {
  associatedtype Codec: EventCodec where Codec.Event == Event
  associatedtype DeadlineKind: RawRepresentable<String> & Hashable & Sendable

  static var codec: Codec { get }

  /// What `events`, about to be appended to an aggregate in `state`, do to its deadlines.
  static func deadlines(
    after events: [Event], from state: State, at now: Timestamp, policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<DeadlineKind>]
}

/// For aggregates that wait for nothing.
package enum NoDeadline: String, Hashable, Sendable {
  case never
}

extension JournaledDecider where DeadlineKind == NoDeadline {
  package static func deadlines(
    after events: [Event], from state: State, at now: Timestamp, policy: DeadlinePolicy
  ) -> [Domain.DeadlineChange<NoDeadline>] { [] }
}

extension Domain.DeadlineChange where Kind: RawRepresentable<String> {
  /// The same change as the journal stores it, for the aggregate of `stream`.
  /// - Parameter payload: what the handler of one that is set is to know.
  package func stored(for stream: StreamKey, payload: String = "") -> StoredDeadlineChange {
    switch self {
    case .set(let kind, let due):
      .set(
        Deadline(
          key: DeadlineKey(stream: stream, kind: kind.rawValue),
          dueAt: WallTime(milliseconds: due.ms), owner: stream.category, payload: payload))
    case .clear(let kind):
      .clear(DeadlineKey(stream: stream, kind: kind.rawValue))
    }
  }
}
