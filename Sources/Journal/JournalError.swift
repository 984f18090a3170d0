/// Why a journal did not do what was asked. The cases tell what the caller may assume.
public enum JournalError: Error, Hashable, Sendable {
  /// Nothing of this append was written: the stream stands elsewhere. Reload and decide anew.
  case versionConflict(stream: StreamKey, expected: StreamVersion, actual: StreamVersion)
  /// Nothing was written: too much is waiting already. Try again later.
  case overloaded(String)
  /// Nothing was written: the disk is full or out of reach. Works again by itself when it can.
  case unavailable(String)
  /// The append may or may not have been written. Drop what is cached, reload, never guess.
  case unknown(String)
  /// What is stored is not what was written; it is not served.
  case corrupt(Corruption)
  /// The request can never be right: an unusable key, a size beyond the limits.
  case invalid(String)
  /// The journal cannot be opened: in use, made by a newer version, or for something else.
  case refused(String)
  /// The journal has been closed. Nothing was written.
  case closed
  /// The waiting task was cancelled. Only reads and waits end so, never an append.
  case cancelled
}

/// Which row is damaged, as far as it can be told.
public struct Corruption: Error, Hashable, Sendable, CustomStringConvertible {
  /// The journal's file, or its name for one in memory.
  public var file: String
  public var stream: StreamKey?
  public var version: StreamVersion?
  public var partition: Partition?
  public var position: Position?
  public var detail: String

  public init(
    file: String, stream: StreamKey? = nil, version: StreamVersion? = nil,
    partition: Partition? = nil, position: Position? = nil, detail: String
  ) {
    self.file = file
    self.stream = stream
    self.version = version
    self.partition = partition
    self.position = position
    self.detail = detail
  }

  public var description: String {
    var text = file
    if let stream { text += ", stream \(stream)" }
    if let partition { text += ", partition \(partition)" }
    if let position { text += ", position \(position)" }
    return text + ": " + detail
  }
}

extension JournalError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .versionConflict(let stream, let expected, let actual):
      "version conflict on \(stream): expected \(expected), is \(actual)"
    case .overloaded(let reason): "journal overloaded: \(reason)"
    case .unavailable(let reason): "journal unavailable: \(reason)"
    case .unknown(let reason): "outcome of the append unknown: \(reason)"
    case .corrupt(let corruption): "journal corrupt: \(corruption)"
    case .invalid(let reason): "invalid journal request: \(reason)"
    case .refused(let reason): "journal refused: \(reason)"
    case .closed: "journal closed"
    case .cancelled: "cancelled while waiting for the journal"
    }
  }
}
