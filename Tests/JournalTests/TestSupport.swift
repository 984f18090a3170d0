import Journal
import JournalContract
import Synchronization
import Testing

/// What happened, in its order.
final class Noted<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  func add(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}

/// Virtual time: it stands still until the test moves it, and sleepers wake when it passes them.
final class ManualClock: Sendable {
  private struct Sleeper {
    let number: Int
    let until: WallTime
    let continuation: UnsafeContinuation<Bool, Never>
  }
  private struct State {
    var now = WallTime(milliseconds: 1_000_000)
    var sleepers: [Sleeper] = []
    var next = 0
  }
  private let state = Mutex(State())

  var now: WallTime { state.withLock { $0.now } }
  var sleeperCount: Int { state.withLock { $0.sleepers.count } }
  /// How often somebody has begun to sleep.
  var sleepCount: Int { state.withLock { $0.next } }

  var clock: JournalClock {
    JournalClock(now: { self.now }, sleep: { try await self.sleep($0) })
  }

  func advance(by duration: Duration) {
    let woken = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let woken = state.sleepers.filter { $0.until <= state.now }
      state.sleepers.removeAll { $0.until <= state.now }
      return woken
    }
    for sleeper in woken { sleeper.continuation.resume(returning: true) }
  }

  private func sleep(_ duration: Duration) async throws {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    let slept = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
        let cancelled = state.withLock { state in
          guard !Task.isCancelled else { return true }
          state.sleepers.append(
            Sleeper(
              number: number, until: state.now.advanced(by: duration), continuation: continuation))
          return false
        }
        if cancelled { continuation.resume(returning: false) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let at = state.sleepers.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.sleepers.remove(at: at)
      }
      sleeper?.continuation.resume(returning: false)
    }
    if !slept { throw CancellationError() }
  }
}

/// A clock whose sleeps take no time: retries follow at once.
func eagerClock() -> JournalClock {
  JournalClock(
    now: { WallTime(milliseconds: 1_000_000) },
    sleep: { _ in
      await Task.yield()
      try Task.checkCancellation()
    })
}

func memoryJournal(
  _ name: String, epoch: String = "e1", partitions: Int = 4,
  _ change: (inout MemoryJournal.Options) -> Void = { _ in }
) -> MemoryJournal {
  var options = MemoryJournal.Options()
  options.partitionCount = partitions
  change(&options)
  return MemoryJournal(name: name, epoch: JournalEpoch(epoch), options: options) {
    WallTime(milliseconds: 1_000_000)
  }
}

/// Lets other tasks run until `condition` holds, or the test's time limit cancels it.
func until(
  _ condition: () async throws -> Bool, at location: SourceLocation = #_sourceLocation
) async rethrows {
  while try await !condition() {
    guard !Task.isCancelled else {
      Issue.record("it never came true", sourceLocation: location)
      return
    }
    await Task.yield()
  }
}

/// Runs `service` beside `body`, and cancels it when `body` has returned.
func running<T: Sendable>(
  _ service: @escaping @Sendable () async throws -> Void,
  _ body: () async throws -> T
) async throws -> T {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await service() }
    do {
      let value = try await body()
      group.cancelAll()
      try await group.waitForAll()
      return value
    } catch {
      group.cancelAll()
      throw error
    }
  }
}

/// A tally: adds the numbers of its events.
enum Tally: EventSourced {
  static let category = "tally"
  static let initial = 0
  static func evolve(_ state: Int, _ event: Int) -> Int { state + event }
}

/// Numbers as text.
struct TallyCodec: EventCodec {
  func encode(_ event: Int) -> EncodedEvent {
    EncodedEvent(type: "baedal.test.v1.Added", payload: Array("\(event)".utf8))
  }

  func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> Int {
    guard type == "baedal.test.v1.Added" else { throw .unknownType(type) }
    guard let number = Int(String(decoding: payload, as: UTF8.self)) else {
      throw .malformed("not a number")
    }
    return number
  }
}

/// A replica: an actor with a runtime inside, as services have it.
actor TallyReplica {
  private let runtime: AggregateRuntime<Tally, TallyCodec, MemoryJournal>
  struct Refused: Error, Equatable {}

  init(_ journal: MemoryJournal, limits: AggregateLimits = AggregateLimits()) {
    runtime = AggregateRuntime(
      journal: journal, codec: TallyCodec(), memory: AggregateMemory(limits))
  }

  func add(
    _ number: Int, to id: String, taking: InboxPosition? = nil, assumingNew: Bool = false,
    atMost limit: Int = .max
  ) async throws -> Execution<Int, Int> {
    try await runtime.execute(id, taking: taking, assumingNew: assumingNew) {
      (snapshot) throws(Refused) in
      guard snapshot.state + number <= limit else { throw Refused() }
      let metadata = EventMetadata(correlationID: id, causationID: "test")
      return Decision(number == 0 ? [] : [number], metadata: metadata)
    }
  }

  func value(of id: String) async throws -> Int { try await runtime.peek(id).state }
}
