import Glibc

/// What one append may hold. A request beyond it is `.invalid`, not an overload.
public struct AppendLimits: Sendable, Equatable {
  public var streamsMax: Int
  public var eventsMax: Int
  public var changesMax: Int
  public var payloadBytesMax: Int
  public var textBytesMax: Int

  public init(
    streamsMax: Int = 64, eventsMax: Int = 1024, changesMax: Int = 4096,
    payloadBytesMax: Int = 1024 * 1024, textBytesMax: Int = 1024
  ) {
    self.streamsMax = streamsMax
    self.eventsMax = eventsMax
    self.changesMax = changesMax
    self.payloadBytesMax = payloadBytesMax
    self.textBytesMax = textBytesMax
  }
}

extension Append {
  /// Whether nothing at all is in it.
  public var isEmpty: Bool {
    streams.isEmpty && marks.isEmpty && cursors.isEmpty && deadlines.isEmpty && parked.isEmpty
  }

  /// Throws `.invalid` for what no journal stores. Adapters call it before anything else.
  public func validate(_ limits: AppendLimits) throws(JournalError) {
    guard streams.count <= limits.streamsMax else {
      throw .invalid("\(streams.count) streams in one append, at most \(limits.streamsMax)")
    }
    let changes = marks.count + cursors.count + deadlines.count + parked.count
    guard changes <= limits.changesMax else {
      throw .invalid("\(changes) changes in one append, at most \(limits.changesMax)")
    }
    var events = 0
    for (at, entry) in streams.enumerated() {
      try entry.stream.validate(limits)
      guard entry.expectedVersion.value >= 0 else {
        throw .invalid("expected version \(entry.expectedVersion) of \(entry.stream)")
      }
      if at > 0, streams[..<at].contains(where: { $0.stream == entry.stream }) {
        throw .invalid("stream \(entry.stream) twice in one append")
      }
      events += entry.events.count
      for event in entry.events { try event.validate(limits) }
    }
    guard events <= limits.eventsMax else {
      throw .invalid("\(events) events in one append, at most \(limits.eventsMax)")
    }
    for mark in marks {
      try mark.stream.validate(limits)
      try mark.source.subscriber.validate(limits, as: "subscriber")
    }
    for cursor in cursors { try cursor.subscriber.validate(limits, as: "subscriber") }
    for change in deadlines { try change.validate(limits) }
    for case .put(let event) in parked {
      try event.key.subscriber.validate(limits, as: "subscriber")
      try event.stream.validate(limits)
    }
  }
}

extension StreamKey {
  fileprivate func validate(_ limits: AppendLimits) throws(JournalError) {
    guard !category.isEmpty, !category.has(UInt8(ascii: "/")) else {
      throw .invalid("stream category '\(category)' is empty or contains '/'")
    }
    try category.validate(limits, as: "stream category")
    guard !id.isEmpty else { throw .invalid("a stream of category \(category) without an id") }
    try id.validate(limits, as: "stream id")
  }
}

extension NewEvent {
  fileprivate func validate(_ limits: AppendLimits) throws(JournalError) {
    guard payload.count <= limits.payloadBytesMax else {
      throw .invalid("\(type) of \(payload.count) bytes, at most \(limits.payloadBytesMax)")
    }
    guard !type.isEmpty else { throw .invalid("an event without a type") }
    try id.text.validate(limits, as: "event id")
    try type.validate(limits, as: "event type")
    try metadata.correlationID.validate(limits, as: "correlation id")
    try metadata.causationID.validate(limits, as: "causation id")
    if let traceparent = metadata.traceparent {
      try traceparent.validate(limits, as: "traceparent")
    }
  }
}

extension DeadlineChange {
  fileprivate func validate(_ limits: AppendLimits) throws(JournalError) {
    switch self {
    case .set(let deadline):
      try deadline.key.stream.validate(limits)
      try deadline.key.kind.validate(limits, as: "deadline kind")
      try deadline.owner.validate(limits, as: "deadline owner")
      try deadline.payload.validate(limits, as: "deadline payload")
    case .clear(let key), .clearDue(let key, at: _): try key.stream.validate(limits)
    }
  }
}

extension String {
  fileprivate func validate(_ limits: AppendLimits, as what: String) throws(JournalError) {
    guard utf8.count <= limits.textBytesMax else {
      throw .invalid("\(what) of \(utf8.count) bytes, at most \(limits.textBytesMax)")
    }
    guard !has(0) else { throw .invalid("\(what) contains a NUL") }
  }

  /// Whether the byte is in it. `memchr`, since this is asked of every text of every append.
  fileprivate func has(_ byte: UInt8) -> Bool {
    withBytes { utf8 in
      guard let start = utf8.baseAddress else { return false }
      return memchr(start, Int32(byte), utf8.count) != nil
    }
  }
}
