/// One of the fixed slices of a journal; positions are dense within it. Counted from 0.
package struct Partition: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  package let index: Int

  package init(_ index: Int) { self.index = index }
  package init(integerLiteral value: Int) { self.index = value }

  package var description: String { String(index) }
  package static func < (a: Partition, b: Partition) -> Bool { a.index < b.index }
}

/// The place of an event in its partition: 1, 2, 3 … without a gap. 0 is "before the first".
package struct Position: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  package let value: Int64

  package init(_ value: Int64) { self.value = value }
  package init(integerLiteral value: Int64) { self.value = value }

  /// Before the first event of a partition.
  package static let start = Position(0)

  /// The position after this one. Wraps rather than traps; 2^63 events are out of reach.
  package var next: Position { Position(value &+ 1) }
  package var description: String { String(value) }
  package static func < (a: Position, b: Position) -> Bool { a.value < b.value }
}

/// The number of an event in its stream: 1, 2, 3 … A stream without events has version 0.
package struct StreamVersion: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  package let value: Int64

  package init(_ value: Int64) { self.value = value }
  package init(integerLiteral value: Int64) { self.value = value }

  /// The version of a stream that does not exist yet.
  package static let none = StreamVersion(0)

  /// The version after `count` more events. Wraps rather than traps.
  package func advanced(by count: Int) -> StreamVersion { StreamVersion(value &+ Int64(count)) }
  package var description: String { String(value) }
  package static func < (a: StreamVersion, b: StreamVersion) -> Bool { a.value < b.value }
}

/// The identity of one journal's history, drawn at random when the journal is made. Positions of
/// one epoch mean nothing in another.
package struct JournalEpoch: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package var description: String { text }
}

/// A deterministic name for one event, handed in by the writer: the same decision made twice
/// gives the same id.
package struct EventID: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package var description: String { text }
}

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z.
package struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// This moment moved by whole milliseconds of `duration`; saturates instead of overflowing.
  package func advanced(by duration: Duration) -> WallTime {
    let (seconds, attoseconds) = duration.components
    let (product, tooLong) = seconds.multipliedReportingOverflow(by: 1000)
    guard !tooLong else { return WallTime(milliseconds: seconds < 0 ? .min : .max) }
    let delta = product &+ attoseconds / 1_000_000_000_000_000
    let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
    return WallTime(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// The time from `earlier` to this moment; negative if `earlier` is later.
  package func since(_ earlier: WallTime) -> Duration {
    let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
    return .milliseconds(overflow ? (milliseconds < 0 ? .min : .max) : difference)
  }

  package var description: String { "\(milliseconds)ms" }
  package static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
}
