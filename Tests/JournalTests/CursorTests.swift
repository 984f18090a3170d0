import Journal
import JournalContract
import Synchronization
import Testing

@Suite("The cursors of a subscription", .timeLimit(.minutes(1)))
struct CursorTests {
  /// Wants none of it, so that nothing but cursors is stored.
  struct Nobody: Subscriber {
    let name = "tally.from-order"
    let interest = EventInterest.types([])
    func handle(_ delivery: Delivery) async throws(DeliveryFailure) {}
  }

  /// Takes what it is to write, and loses it.
  final class LosingDisk: Sendable {
    private let journal = Mutex<MemoryJournal?>(nil)
    let writes = Noted<Bool>()

    func serve(_ served: MemoryJournal) { journal.withLock { $0 = served } }

    func write() {
      writes.add(true)
      journal.withLock { $0 }?.crash()
    }
  }

  @Test("that could not be stored are stored when their time has come, however many events come")
  func refused() async throws {
    let (clock, disk) = (ManualClock(), LosingDisk())
    let source = memoryJournal("order")
    let destination = memoryJournal("tally") { $0.flush = .after { disk.write() } }
    disk.serve(destination)
    for number in 1...5 { _ = try await source.append(append(["e"], to: order("\(number)"))) }
    var options = SubscriptionOptions()
    options.cursorEvents = 1
    let subscription = Subscription(
      from: source, to: destination, subscriber: Nobody(), options: options, clock: clock.clock)
    try await running(subscription.run) {
      await until { !disk.writes.all.isEmpty }
      _ = try await source.append(append(["e"], to: order("6")))
      try await until { try await subscription.lag().events == 0 }
      for _ in 0..<200 { await Task.yield() }
      try #require(disk.writes.all.count == 1)
      await until { clock.sleeperCount == 1 }
      clock.advance(by: .seconds(1))
      await until { disk.writes.all.count == 2 }
    }
  }
}
