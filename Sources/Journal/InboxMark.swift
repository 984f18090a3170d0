/// One ordered source of commands for an aggregate: a subscriber and the source partition it
/// follows. Positions of one `InboxSource` reach an aggregate in increasing order.
public struct InboxSource: Hashable, Sendable, CustomStringConvertible {
  /// The subscriber's name, unique within the destination service.
  public let subscriber: String
  public let partition: Partition

  public init(subscriber: String, partition: Partition) {
    self.subscriber = subscriber
    self.partition = partition
  }

  /// Reads `subscriber/partition` back.
  public init?(text: String) {
    guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")),
      let index = Int(text[text.utf8.index(after: slash)...])
    else { return nil }
    self.subscriber = String(text[..<slash])
    self.partition = Partition(index)
  }

  /// `subscriber/partition`, as it is stored.
  public var text: String { "\(subscriber)/\(partition.index)" }
  public var description: String { text }
}

/// "This aggregate has taken everything up to `position` from `source`": written with the effect,
/// so that an event delivered again has no effect again. A mark never moves back.
public struct InboxMark: Hashable, Sendable {
  public var stream: StreamKey
  public var source: InboxSource
  public var position: Position

  public init(stream: StreamKey, source: InboxSource, position: Position) {
    self.stream = stream
    self.source = source
    self.position = position
  }
}

/// How far a subscriber has come in one partition of its source: every event up to `position` is
/// dealt with. Later ones may be too (a low-water mark).
public struct Cursor: Hashable, Sendable {
  public var subscriber: String
  public var partition: Partition
  public var position: Position
  /// The source journal's epoch; a cursor of another epoch is never used.
  public var epoch: JournalEpoch

  public init(
    subscriber: String, partition: Partition, position: Position, epoch: JournalEpoch
  ) {
    self.subscriber = subscriber
    self.partition = partition
    self.position = position
    self.epoch = epoch
  }
}

extension Array where Element == InboxMark {
  /// Whether `position` of `source` has been taken already, going by these marks of one stream.
  public func haveTaken(_ position: Position, from source: InboxSource) -> Bool {
    contains { $0.source == source && $0.position >= position }
  }

  /// These marks once the stream has taken `position` too.
  public func taking(_ taken: InboxPosition, of stream: StreamKey) -> [InboxMark] {
    var marks = self
    if let at = firstIndex(where: { $0.source == taken.source }) {
      marks[at].position = Swift.max(marks[at].position, taken.position)
    } else {
      marks.append(InboxMark(stream: stream, source: taken.source, position: taken.position))
    }
    return marks
  }
}
