/// How far one partition has been read, and what of it is not dealt with.
struct PartitionIntake {
  let partition: Partition
  var window: DeliveryWindow
  /// The source's head, as far as it is known.
  var head: Position
  var storedCursor: Position
  /// Reads in a row that gave nothing they should have given.
  var readAttempts = 0
  /// After such a read it is left alone for a while.
  var isPaused = false

  init(_ partition: Partition, after position: Position, head: Position) {
    self.partition = partition
    self.head = head
    window = DeliveryWindow(after: position)
    storedCursor = position
  }

  /// How many events to read now, at most.
  func room(_ options: SubscriptionOptions) -> Int {
    guard !isPaused, window.last < head else { return 0 }
    return min(options.windowEventsMax - window.count, options.readEventsMax)
  }

  /// Events dealt with since the cursor was stored.
  var uncovered: Int64 { window.lowWater.value &- storedCursor.value }

  var progress: PartitionProgress {
    PartitionProgress(
      lowWater: window.lowWater, head: head, oldest: window.oldest, isAway: isPaused)
  }
}

/// What others may see of a partition's intake.
struct PartitionProgress: Sendable {
  var lowWater: Position
  /// The source's head, as far as it is known.
  var head: Position
  /// When the oldest event taken up and not dealt with was recorded.
  var oldest: WallTime?
  /// Whether the source has not answered last.
  var isAway = false
}
