import Domain
import Messages
import Resilience
import Synchronization
import Testing
import Transport

@testable import Services

@Suite("The places of the simulated provider")
struct SimulatedPlacesTests {
  private func at(_ ms: Int64) -> Transport.MonotonicInstant {
    Transport.MonotonicInstant(nanoseconds: ms * 1_000_000)
  }

  @Test("are given first come, first served, and freed at the instant they are due")
  func firstCome() throws {
    var places = SimulatedPlaces(capacity: 2, queue: 3, latency: .milliseconds(100))
    #expect(places.enter(at: at(0)) == .underWay(until: at(100)))
    #expect(places.enter(at: at(40)) == .underWay(until: at(140)))
    let waiting = try (0..<3).map { _ in try waiter(places.enter(at: at(50))) }
    #expect(waiting.map(\.turn) == [at(100), at(140), at(200)])
    #expect(places.enter(at: at(50)) == .refused)
    // However late somebody looks.
    #expect(places.look(waiting[2].waiter, at: at(260)) == .underWay(until: at(300)))
    #expect(places.look(waiting[0].waiter, at: at(260)) == .underWay(until: at(200)))
    #expect(places.look(waiting[1].waiter, at: at(260)) == .underWay(until: at(240)))
    #expect((places.underWay, places.waiting) == (1, 0))
    #expect((places.underWayMax, places.waitingMax) == (2, 3))
  }

  @Test("nobody who comes overtakes those who wait")
  func noOvertaking() throws {
    var places = SimulatedPlaces(capacity: 1, queue: 8, latency: .milliseconds(100))
    _ = places.enter(at: at(0))
    _ = places.enter(at: at(10))
    // The place is free at 100 and goes to the one before.
    #expect(try waiter(places.enter(at: at(100))).turn == at(200))
  }

  @Test("who gave up while it waited is served all the same, and holds up those behind")
  func gaveUp() throws {
    var places = SimulatedPlaces(capacity: 1, queue: 2, latency: .milliseconds(100))
    _ = places.enter(at: at(0))
    let gone = try waiter(places.enter(at: at(1))).waiter
    let stays = try waiter(places.enter(at: at(2))).waiter
    places.giveUp(gone, at: at(50))
    #expect(places.waiting == 2)
    #expect(places.look(stays, at: at(150)) == .waiting(stays, until: at(200)))
    #expect(places.look(stays, at: at(210)) == .underWay(until: at(300)))
  }

  @Test("other settings count for whoever has no place yet")
  func changed() throws {
    var places = SimulatedPlaces(capacity: 1, queue: 4, latency: .milliseconds(1000))
    #expect(places.enter(at: at(0)) == .underWay(until: at(1000)))
    let second = try waiter(places.enter(at: at(0))).waiter
    let third = try waiter(places.enter(at: at(0))).waiter
    places.latency = .milliseconds(10)
    places.capacity = 2
    #expect(places.look(second, at: at(100)) == .underWay(until: at(110)))
    #expect(places.look(third, at: at(500)) == .underWay(until: at(120)))
    // Fewer places: nobody is put out, and nobody let in before there is room.
    places.capacity = 1
    #expect(places.enter(at: at(600)) != .refused)
    #expect((places.underWay, places.waiting) == (1, 1))
    places.capacity = 0
    places.advance(to: at(5000))
    #expect((places.underWay, places.waiting) == (0, 1))
  }

  @Test("never more than the capacity hold one, whatever happens", arguments: [1, 7, 64])
  func bounded(capacity: Int) {
    var random = SplitMix64(seed: UInt64(capacity))
    var places = SimulatedPlaces(capacity: capacity, queue: 20, latency: .milliseconds(50))
    var waiting: [SimulatedPlaces.Waiter] = []
    var now: Int64 = 0
    for step in 0..<20_000 {
      now += Int64(random.next() % 4)
      switch random.next() % 8 {
      case 0 where !waiting.isEmpty:
        places.giveUp(waiting.remove(at: Int(random.next() % UInt64(waiting.count))), at: at(now))
      case 1: places.latency = .milliseconds(Int64(random.next() % 100))
      case 2...4: waiting.removeAll { isUnderWay(places.look($0, at: at(now))) }
      default:
        if case .waiting(let waiter, _) = places.enter(at: at(now)) { waiting.append(waiter) }
      }
      #expect(places.underWay <= capacity && places.waiting <= 20, "step \(step)")
    }
    places.latency = .zero
    places.advance(to: at(now + 1_000_000))
    #expect((places.underWay, places.waiting) == (0, 0))
    // Each of those still waiting has had its turn.
    for waiter in waiting { #expect(isUnderWay(places.look(waiter, at: at(now + 1_000_000)))) }
  }

  private func isUnderWay(_ standing: SimulatedPlaces.Standing) -> Bool {
    if case .underWay = standing { true } else { false }
  }

  private func waiter(
    _ standing: SimulatedPlaces.Standing
  ) throws -> (waiter: SimulatedPlaces.Waiter, turn: Transport.MonotonicInstant) {
    guard case .waiting(let waiter, let turn) = standing else { throw NotWaiting() }
    return (waiter, turn)
  }

  private struct NotWaiting: Error {}
}

@Suite("The simulated provider")
struct SimulatedProviderTests {
  /// A clock that is moved on by whoever sleeps: for one caller at a time.
  private final class LoneClock: Sendable {
    private let nanoseconds = Mutex<Int64>(0)
    var ms: Int64 { nanoseconds.withLock { $0 / 1_000_000 } }
    var transport: TransportClock {
      TransportClock(
        now: { Transport.MonotonicInstant(nanoseconds: self.nanoseconds.withLock { $0 }) },
        sleep: { until in self.nanoseconds.withLock { $0 = max($0, until.nanoseconds) } })
    }
  }

  private let clock = LoneClock()

  private func provider(_ settings: SimulatedProvider.Settings) -> SimulatedProvider {
    SimulatedProvider(
      settings: settings, seed: 1, timeout: .seconds(3), clock: clock.transport)
  }

  private func charge(_ number: Int) throws -> ProviderCharge {
    ProviderCharge(
      key: try PaymentKey("p-\(number)"), attempt: 1, amount: try Won(1000),
      method: try PaymentMethod("card-1"))
  }

  private func isApproved(_ outcome: ProviderOutcome) -> Bool {
    if case .approved = outcome { true } else { false }
  }

  @Test("a charge that waits for its place is answered when it has had it")
  func waits() async throws {
    let provider = provider(.init(latency: .seconds(4), capacity: 1, queue: 1))
    // Nobody hears the end of it, but the place is taken until 4 s.
    #expect(await provider.charge(try charge(1)) == .unknown(reason: "no answer in time"))
    #expect(clock.ms == 3000)
    var settings = provider.current
    settings.latency = .milliseconds(500)
    provider.change(to: settings)
    #expect(isApproved(await provider.charge(try charge(2))))
    #expect(clock.ms == 4500)
    #expect(
      provider.load
        == SimulatedProvider.Load(
          underWayMax: 1, waitingMax: 1, charges: 2, approved: 1, late: 1))
  }

  @Test("a charge whose caller gave up waiting is carried out, and asking tells so")
  func late() async throws {
    let provider = provider(.init(latency: .seconds(4), capacity: 1, queue: 1))
    _ = await provider.charge(try charge(1))
    #expect(await provider.charge(try charge(2)) == .unknown(reason: "no answer in time"))
    #expect(clock.ms == 6000)
    // It has the place now; the next one waits behind it, and one more is refused.
    #expect(provider.load.underWay == 1)
    var settings = provider.current
    settings.latency = .zero
    provider.change(to: settings)
    #expect(isApproved(await provider.outcome(of: try charge(2))))
    #expect(isApproved(await provider.charge(try charge(3))))
    #expect(clock.ms == 8000)
  }

  @Test("beyond its places, and the places to wait, a charge is refused at once")
  func refused() async throws {
    let provider = provider(.init(latency: .zero, capacity: 0, queue: 0))
    #expect(
      await provider.charge(try charge(1))
        == .notCharged(reason: "the provider is overloaded", retryAfter: .seconds(1)))
    #expect(clock.ms == 0)
    #expect((provider.load.refused, provider.load.charges) == (1, 1))
  }

  @Test("without any place, those who wait give up after their time")
  func noPlaces() async throws {
    let provider = provider(.init(latency: .zero, capacity: 0, queue: 1))
    #expect(await provider.charge(try charge(1)) == .unknown(reason: "no answer in time"))
    #expect(clock.ms == 3000)
    #expect(provider.load.waiting == 1)
  }

  @Test("operators set how it behaves and hear what it has to do; others do not")
  func operators() async throws {
    let provider = provider(.init(latency: .zero, capacity: 1))
    let service = PaymentService(
      pool: ReplicaPool(service: "payment", replicas: [], inFlightMax: 0), simulator: provider)
    func context(_ role: String) -> CallContext {
      CallContext(local: Transport.Principal(role: role, id: "1"), clock: clock.transport)
    }
    var settings = try await service.getSimulator(
      GetSimulatorRequest(), context: context("operator"))
    settings.latencyMs = 20
    settings.queue = 7
    _ = try await service.setSimulator(settings, context: context("operator"))
    #expect(provider.current == .init(latency: .milliseconds(20), capacity: 1, queue: 7))
    _ = await provider.charge(try charge(1))
    let told = try await service.getSimulator(GetSimulatorRequest(), context: context("operator"))
    #expect((told.queue, told.load?.charges, told.load?.approved) == (7, 1, 1))
    settings.queue = 100_001
    await #expect(throws: RPCError.self) {
      _ = try await service.setSimulator(settings, context: context("operator"))
    }
    await #expect(throws: RPCError.self) {
      _ = try await service.getSimulator(GetSimulatorRequest(), context: context("customer"))
    }
    #expect(provider.current.queue == 7)
  }
}
