/// One of the fixed slices of a journal; positions are dense within it. Counted from 0.
public struct Partition: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  public let index: Int

  public init(_ index: Int) { self.index = index }
  public init(integerLiteral value: Int) { self.index = value }

  public var description: String { String(index) }
  public static func < (a: Partition, b: Partition) -> Bool { a.index < b.index }
}

/// The place of an event in its partition: 1, 2, 3 … without a gap. 0 is "before the first".
public struct Position: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  public let value: Int64

  public init(_ value: Int64) { self.value = value }
  public init(integerLiteral value: Int64) { self.value = value }

  /// Before the first event of a partition.
  public static let start = Position(0)

  /// The position after this one. Wraps rather than traps; 2^63 events are out of reach.
  public var next: Position { Position(value &+ 1) }
  public var description: String { String(value) }
  public static func < (a: Position, b: Position) -> Bool { a.value < b.value }
}

/// The number of an event in its stream: 1, 2, 3 … A stream without events has version 0.
public struct StreamVersion: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  public let value: Int64

  public init(_ value: Int64) { self.value = value }
  public init(integerLiteral value: Int64) { self.value = value }

  /// The version of a stream that does not exist yet.
  public static let none = StreamVersion(0)

  /// The version after `count` more events. Wraps rather than traps.
  public func advanced(by count: Int) -> StreamVersion { StreamVersion(value &+ Int64(count)) }
  public var description: String { String(value) }
  public static func < (a: StreamVersion, b: StreamVersion) -> Bool { a.value < b.value }
}

/// The identity of one journal's history, drawn at random when the journal is made. Positions of
/// one epoch mean nothing in another.
public struct JournalEpoch: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  public var description: String { text }
}

/// A deterministic name for one event, handed in by the writer: the same decision made twice
/// gives the same id.
public struct EventID: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  public var description: String { text }
}

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z.
public struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// This moment moved by whole milliseconds of `duration`; saturates instead of overflowing.
  public func advanced(by duration: Duration) -> WallTime {
    let (seconds, attoseconds) = duration.components
    let (product, tooLong) = seconds.multipliedReportingOverflow(by: 1000)
    guard !tooLong else { return WallTime(milliseconds: seconds < 0 ? .min : .max) }
    let delta = product &+ attoseconds / 1_000_000_000_000_000
    let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
    return WallTime(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// The time from `earlier` to this moment; negative if `earlier` is later.
  public func since(_ earlier: WallTime) -> Duration {
    let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
    return .milliseconds(overflow ? (milliseconds < 0 ? .min : .max) : difference)
  }

  public var description: String { "\(milliseconds)ms" }
  public static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
}
