import Dispatch
import Domain
import Journal
import Synchronization
import Transport

@testable import Services

/// Runs actors one job after the other, as an event loop would.
final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "test")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

/// A wall clock that a test moves.
final class HandClock: Sendable {
  private let time = Mutex(Timestamp(ms: 1_760_000_000_000))

  var now: Timestamp { time.withLock { $0 } }
  func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }

  /// The same hand on a monotonic clock. Nobody who sleeps by it is woken: whoever waits for a
  /// limit that a test does not let pass is cancelled when what it limits has come.
  var monotonic: TransportClock {
    TransportClock(
      now: { MonotonicInstant(nanoseconds: self.now.ms * 1_000_000) },
      sleep: { _ in try await Task.sleep(for: .seconds(3600)) })
  }
}

/// An order service that records what a test says, and whoever follows its journal.
class OrderWorld {
  let clock: HandClock
  let orders: MemoryJournal
  let environment: ServiceEnvironment
  /// How often every event is delivered.
  var deliveries = 1
  private var versions: [String: Int] = [:]
  private var cursors: [String: [Position]] = [:]

  init(_ clock: HandClock) {
    self.clock = clock
    orders = Self.journal("order", clock)
    environment = Self.environment(clock)
  }

  static func environment(_ clock: HandClock) -> ServiceEnvironment {
    ServiceEnvironment(now: { clock.now }, clock: clock.monotonic)
  }

  static func journal(_ name: String, _ clock: HandClock) -> MemoryJournal {
    var options = MemoryJournal.Options()
    options.partitionCount = 4
    return MemoryJournal(name: name, epoch: JournalEpoch("\(name)-1"), options: options) {
      WallTime(milliseconds: clock.now.ms)
    }
  }

  static func executor() -> ReplicaExecutor { ReplicaExecutor(QueueExecutor()) }

  /// Records these events of an order.
  func record(_ id: OrderID, _ events: OrderEvent...) async throws {
    let version = versions[id.rawValue, default: 0]
    let stream = StreamKey(category: "order", id: id.rawValue)
    var new: [NewEvent] = []
    for (index, event) in events.enumerated() {
      let encoded = try OrderEventCodec().encode(event)
      new.append(
        NewEvent(
          id: EventID("order/\(id)/\(version + index + 1)"), type: encoded.type,
          payload: encoded.payload,
          metadata: EventMetadata(correlationID: id.rawValue, causationID: "test")))
    }
    _ = try await orders.append(
      Append(to: stream, expecting: StreamVersion(Int64(version)), new))
    versions[id.rawValue] = version + events.count
  }

  /// Hands what is new in `journal` to `take`, each event `deliveries` times. Answers how many
  /// there were.
  func follow(
    _ journal: MemoryJournal, as subscriber: String,
    _ take: (RecordedEvent) async throws(RPCError) -> Void
  ) async throws -> Int {
    var at = cursors[subscriber] ?? Array(repeating: .start, count: journal.partitionCount)
    var count = 0
    for index in 0..<journal.partitionCount {
      let events = try await journal.read(
        partition: Partition(index), after: at[index], limit: 1000)
      for event in events {
        for _ in 0..<deliveries { try await take(event) }
        at[index] = event.position
        count += 1
      }
    }
    cursors[subscriber] = at
    return count
  }

  /// Forgets how far a subscriber has come.
  func rewind(_ subscriber: String) { cursors[subscriber] = nil }

  /// The names of a stream's events, without their package.
  func events(_ journal: MemoryJournal, _ category: String, _ id: String) async throws -> [String] {
    try await journal.load(StreamKey(category: category, id: id)).events.map {
      String($0.type.split(separator: ".").last ?? "")
    }
  }
}

func cause(_ id: String = "test") -> CommandCause {
  CommandCause(correlationID: id, causationID: "test")
}

/// The status that `body` is refused with; nil when it is not.
func refusal(_ body: () async throws -> Void) async -> StatusCode? { await error(body)?.code }

/// What `body` is refused with; nil when it is not.
func error(_ body: () async throws -> Void) async -> RPCError? {
  do {
    try await body()
    return nil
  } catch { return RPCError(wrapping: error) }
}
