import JournalContract
import Synchronization
import Testing

@testable import Journal

@Suite("The pieces of the journal", .timeLimit(.minutes(1)))
struct PiecesTests {
  @Test(
    "the checksum is CRC-32C",
    arguments: [
      ("", 0x0000_0000), ("123456789", 0xe306_9283), ("a", 0xc1d0_4330),
      ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
    ] as [(String, UInt32)])
  func checksum(_ text: String, _ wanted: UInt32) {
    var crc = CRC32C()
    Array(text.utf8).withUnsafeBytes { crc.add($0) }
    #expect(crc.value == wanted)
  }

  @Test(
    "the partition of an id never changes",
    arguments: [
      ("", 16, 1), ("1", 16, 0), ("order-1", 16, 2), ("주문", 16, 7), ("order-1", 1, 0),
      ("order-1", 1000, 650),
    ])
  func partition(_ id: String, _ count: Int, _ wanted: Int) {
    #expect(Partition.holding(id: id, of: count) == Partition(wanted))
  }

  @Test("ids spread evenly over the partitions")
  func spread() {
    var counts = Array(repeating: 0, count: 16)
    for number in 0..<16_000 { counts[Partition.holding(id: "order-\(number)", of: 16).index] += 1 }
    #expect(counts.allSatisfy { (850...1150).contains($0) })
  }

  @Test("a parked key is not let go when a row has come since its rows were looked for")
  func release() {
    let lot = ParkingLot()
    lot.add("0")
    let before = lot.arrivals(of: "0")
    #expect(lot.beginArriving("0"))
    #expect(!lot.release("0", after: before))
    lot.arrived("0")
    #expect(!lot.release("0", after: before))
    #expect(lot.isParked("0"))
    #expect(lot.release("0", after: lot.arrivals(of: "0")))
    #expect(!lot.isParked("0"))
  }

  @Test("the cache keeps the entries used last")
  func cache() {
    var cache = LRUCache<Int, String>(capacity: 3)
    for key in 1...3 { cache.insert("\(key)", for: key) }
    #expect(cache.value(for: 1) == "1")
    cache.insert("4", for: 4)
    #expect(cache.value(for: 2) == nil)
    cache.remove(1)
    cache.remove(99)
    cache.insert("3b", for: 3)
    cache.insert("5", for: 5)
    cache.insert("6", for: 6)
    #expect((1...6).map { cache.value(for: $0) } == [nil, nil, "3b", nil, "5", "6"])
    cache.removeAll()
    #expect(cache.count == 0)
    cache.insert("7", for: 7)
    #expect(cache.value(for: 7) == "7")
  }

  @Test("the cache agrees with a plain list, whatever is done to it")
  func cacheModel() {
    var cache = LRUCache<Int, Int>(capacity: 5)
    var model: [(key: Int, value: Int)] = []
    var random: UInt64 = 42
    for step in 0..<5000 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let key = Int((random >> 33) % 9)
      let at = model.firstIndex { $0.key == key }
      switch (random >> 50) % 3 {
      case 0:
        if let at { model.remove(at: at) } else if model.count == 5 { model.removeFirst() }
        model.append((key, step))
        cache.insert(step, for: key)
      case 1:
        let found = at.map { model.remove(at: $0) }
        if let found { model.append(found) }
        #expect(cache.value(for: key) == found?.value)
      default:
        if let at { model.remove(at: at) }
        cache.remove(key)
      }
      #expect(cache.count == model.count)
    }
  }

  @Test("a gate lets one in at a time, the others in the order they came, but not the cancelled")
  func gate() async {
    let gate = KeyedGate(waitersPerKeyMax: 10)
    #expect(await gate.enter("k") == .entered)
    let order = Noted<Int>()
    // Tasks of their own, so that one alone can be cancelled. Each waits before the next comes.
    var waiters: [Task<KeyedGate.Entry, Never>] = []
    for number in 0..<5 {
      waiters.append(
        Task {
          let entry = await gate.enter("k")
          guard entry == .entered else { return entry }
          order.add(number)
          gate.leave("k")
          return entry
        })
      await until { gate.waitingCount == number + 1 }
    }
    waiters[1].cancel()
    #expect(await waiters[1].value == .cancelled)
    #expect(gate.waitingCount == 4)
    gate.leave("k")
    for waiter in waiters { _ = await waiter.value }
    #expect(order.all == [0, 2, 3, 4])
    #expect(gate.heldCount == 0)
  }

  @Test(
    "time saturates instead of overflowing",
    arguments: [
      (Int64.max, Duration.seconds(1), Int64.max), (.min, .seconds(-1), .min),
      (5, .seconds(Int64.max), .max), (5, .milliseconds(1500), 1505), (5, .microseconds(999), 5),
    ])
  func time(_ start: Int64, _ delta: Duration, _ wanted: Int64) {
    #expect(WallTime(milliseconds: start).advanced(by: delta).milliseconds == wanted)
  }

  @Test("stream keys and inbox sources are read back from their text")
  func texts() {
    let key = StreamKey(category: "order", id: "a/b/c")
    #expect(StreamKey(text: key.text) == key)
    #expect(StreamKey(text: "nothing") == nil)
    #expect(StreamKey(text: "/x") == nil)
    let source = InboxSource(subscriber: "store/from-order", partition: 12)
    #expect(InboxSource(text: source.text) == source)
    #expect(InboxSource(text: "x/y") == nil)
  }

  @Test("a journal in memory loses what was not flushed, and tells its appenders")
  func crash() async throws {
    let journal = memoryJournal("m") { $0.flush = .manual }
    async let kept = journal.append(append(["kept"], to: order("1")))
    await until { journal.pendingCount == 1 }
    journal.flush()
    _ = try await kept
    async let lost = journal.append(append(["lost"], to: order("1"), at: 1))
    await until { journal.pendingCount == 1 }
    journal.crash()
    do {
      _ = try await lost
      Issue.record("acknowledged what was lost")
    } catch JournalError.unknown {}
    #expect(try await journal.load(order("1")).events.map(\.text) == ["kept"])
  }

  @Test("the planted bug, acknowledging before the flush, loses what was acknowledged")
  func planted() async throws {
    let journal = memoryJournal("m") { $0.acknowledgeBeforeFlush = true }
    _ = try await journal.append(append(["a"], to: order("1")))
    journal.flush()
    _ = try await journal.append(append(["b"], to: order("1"), at: 1))
    #expect(try await journal.load(order("1")).version == 2)
    journal.crash()
    #expect(try await journal.load(order("1")).events.map(\.text) == ["a"])
    let partition = order("1").partition(of: 4)
    #expect(try await journal.heads()[partition.index] == 1)
    #expect(try await journal.read(partition: partition, after: 0, limit: 9).count == 1)
  }

  @Test("the tail holds a bounded number of events, and says when they must be read from disk")
  func tail() async throws {
    let tail = EventTail(
      heads: [0], limits: EventTail.Limits(eventsMax: 3, payloadBytesMax: 1000, waitersMax: 1))
    let events = (1...5).map { number in
      RecordedEvent(
        partition: 0, position: Position(Int64(number)), stream: order("1"),
        version: StreamVersion(Int64(number)), id: EventID(""), type: "t", payload: [1],
        metadata: EventMetadata(correlationID: "", causationID: ""),
        recordedAt: WallTime(milliseconds: 0))
    }
    tail.publish(events)
    #expect(tail.heads == [5])
    #expect(tail.recent(in: 0, after: 1, limit: 9) == nil)
    #expect(tail.recent(in: 0, after: 2, limit: 9)?.map(\.position) == [3, 4, 5])
    #expect(tail.recent(in: 0, after: 3, limit: 1)?.map(\.position) == [4])
    #expect(tail.recent(in: 0, after: 5, limit: 9) == [])
    #expect(tail.waiterCount == 0)
  }

  @Test("the tail lets go of payloads beyond its bound, however few events they are")
  func tailBytes() {
    final class Witness {
      weak var event: RecordedEvent?
      init(_ event: RecordedEvent) { self.event = event }
    }
    let limits = EventTail.Limits(eventsMax: 256, payloadBytesMax: 10_000)
    let tail = EventTail(heads: [0], limits: limits)
    var witnesses: [Witness] = []
    for number in 1...100 {
      let event = RecordedEvent(
        partition: 0, position: Position(Int64(number)), stream: order("1"),
        version: StreamVersion(Int64(number)), id: EventID(""), type: "t",
        payload: [UInt8](repeating: 1, count: 1000),
        metadata: EventMetadata(correlationID: "", causationID: ""),
        recordedAt: WallTime(milliseconds: 0))
      tail.publish([event])
      witnesses.append(Witness(event))
    }
    let kept = witnesses.filter { $0.event != nil }.count * 1000
    #expect(kept >= 10_000)
    // What it holds, and as much on its way out.
    #expect(kept <= 2 * limits.payloadBytesMax + 1000)
    #expect(tail.recent(in: 0, after: 90, limit: 256)?.count == 10)
  }
}
