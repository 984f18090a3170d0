import Journal
import JournalContract
import Synchronization
import Testing

@Suite("Discarding what is parked", .timeLimit(.minutes(1)))
struct DiscardTests {
  /// Does not understand what it is handed at first; what comes then it holds until it is let go.
  final class Hesitant: Subscriber {
    private struct State {
      var deliveries = 0
      var held: CheckedContinuation<Void, Never>?
    }

    let name = "tally.from-order"
    let interest = EventInterest.all
    private let state = Mutex(State())

    func handle(_ delivery: Delivery) async throws(DeliveryFailure) {
      let count = state.withLock { state in
        state.deliveries += 1
        return state.deliveries
      }
      guard count > 1 else { throw .poison("not understood") }
      await withCheckedContinuation { held in state.withLock { $0.held = held } }
    }

    var isHolding: Bool { state.withLock { $0.held != nil } }

    func letGo() {
      let held = state.withLock { state in
        defer { state.held = nil }
        return state.held
      }
      held?.resume()
    }
  }

  @Test("is too early while somebody replays it: what is given up has no effect")
  func whileReplaying() async throws {
    let (source, destination) = (memoryJournal("order"), memoryJournal("tally"))
    _ = try await source.append(append(["1"], to: order("0")))
    let subscriber = Hesitant()
    let subscription = Subscription(
      from: source, to: destination, subscriber: subscriber, clock: eagerClock())
    try await running(subscription.run) {
      try await until { try await subscription.lag().events == 0 }
      let parked = try await destination.parked(for: nil, after: nil, limit: 10)
      let key = try #require(parked.first?.key)
      async let outcome = subscription.replayParked(orderingKey: "0")
      await until { subscriber.isHolding }
      await #expect(throws: ParkingError.tooEarly(key)) {
        try await subscription.discardParked(key, by: "operator/o-1")
      }
      subscriber.letGo()
      #expect(try await outcome == .released(replayed: 1))
      #expect(try await destination.parked(for: nil, after: nil, limit: 10) == [])
    }
  }
}
