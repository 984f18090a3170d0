import Domain
import Resilience
import Services
import Synchronization
import Testing
import Transport

/// A replica that works until it is told to stop.
private actor HeldReplica {
  private var waiting: [CheckedContinuation<Void, Never>] = []
  var working: Int { waiting.count }

  func work() async { await withCheckedContinuation { waiting.append($0) } }

  func release() {
    for continuation in waiting { continuation.resume() }
    waiting = []
  }
}

/// A pool of such, on a clock that stands still until it is moved.
private final class HeldPool: Sendable {
  let pool: ReplicaPool<HeldReplica>
  let autoscaler: PoolAutoscaler
  let replicas: [HeldReplica]
  private let now: Clock

  final class Clock: Sendable {
    let time = Mutex<Int64>(0)
    var instant: Transport.MonotonicInstant { .init(nanoseconds: time.withLock { $0 }) }
  }

  init(
    minimum: Int = 1, maximum: Int = 8, each: Int = 4, waiting: Int = 16, reserved: Int = 0,
    settings: PoolAutoscaler.Settings = .init(evaluation: .seconds(1), downWindow: .seconds(20))
  ) throws {
    let now = Clock()
    self.now = now
    replicas = (0..<maximum).map { _ in HeldReplica() }
    pool = ReplicaPool(
      service: "held", replicas: replicas,
      limits: PoolLimits(
        minimum: minimum, maximum: maximum, capacityPerReplica: each,
        mailbox: MailboxPolicy(waitingMax: waiting, reservedPercent: reserved)),
      clock: TransportClock(now: { now.instant }, sleep: { _ in }))
    autoscaler = try PoolAutoscaler(pool.control, settings) {
      Timestamp(ms: now.instant.nanoseconds / 1_000_000)
    }
  }

  func pass(_ duration: Duration, _ troubles: [PoolAutoscaler.Trouble] = []) {
    for _ in 0..<Int(duration / PoolAutoscaler.tickInterval) {
      now.time.withLock { $0 += PoolAutoscaler.tickInterval.nanoseconds }
      autoscaler.tick(troubles)
    }
  }

  func call(_ key: String, _ work: PoolWork = .fresh) async -> StatusCode? {
    do throws(RPCError) {
      try await pool.withReplica(for: key, work) { (replica) throws(RPCError) in
        await replica.work()
      }
      return nil
    } catch {
      return error.code
    }
  }

  /// Lets all end that are inside.
  func release() async {
    let first = pool.control.reading().completed + UInt64(pool.control.inFlight)
    while pool.control.reading().completed < first, !Task.isCancelled {
      for replica in replicas { await replica.release() }
      await Task.yield()
    }
  }

  /// Lets tasks run until so many are at work.
  func until(atWork wanted: Int) async {
    while !Task.isCancelled {
      var working = 0
      for replica in replicas { working += await replica.working }
      if working == wanted { return }
      await Task.yield()
    }
  }

  /// Lets tasks run until so many are inside and so many wait.
  func until(inside: Int, waiting: Int) async {
    while true {
      let reading = pool.control.reading()
      if reading.inFlight == inside, reading.waiting == waiting { return }
      guard !Task.isCancelled else { return }
      await Task.yield()
    }
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

@Suite("A pool that follows its load", .timeLimit(.minutes(1)))
struct PoolAutoscalerTests {
  @Test("grows at once for those who wait, and shrinks without interrupting anybody")
  func resizes() async throws {
    let held = try HeldPool()
    await withTaskGroup(of: StatusCode?.self) { group in
      for number in 0..<10 { group.addTask { await held.call("k\(number)") } }
      await held.until(inside: 4, waiting: 6)
      held.pool.control.resize(to: 3)
      await held.until(atWork: 10)
      held.pool.control.resize(to: 1)
      #expect(held.pool.control.reading().inFlight == 10)
      #expect(held.pool.control.reading().capacity == 4)
      #expect(held.pool.control.slotsMoving > 0)
      // One more has to wait until fewer are inside than there are places now.
      group.addTask { await held.call("more") }
      await held.until(inside: 10, waiting: 1)
      await held.release()
      await held.release()
      for await code in group { #expect(code == nil) }
    }
    #expect(held.pool.control.slotsMoving == 0)
    let reading = held.pool.control.reading()
    #expect(reading.arrived == 11 && reading.completed == 11 && reading.shed == 0)
  }

  @Test("what is too much is refused with nothing begun, and counted")
  func refuses() async throws {
    let held = try HeldPool(maximum: 1, each: 1, waiting: 1)
    await withTaskGroup(of: StatusCode?.self) { group in
      group.addTask { await held.call("a") }
      await held.until(inside: 1, waiting: 0)
      group.addTask { await held.call("b") }
      await held.until(inside: 1, waiting: 1)
      #expect(await held.call("c") == .resourceExhausted)
      // An operator takes the place of the one who waits.
      group.addTask { await held.call("d", .settling) }
      var codes: [StatusCode?] = []
      if let first = await group.next() { codes.append(first) }
      #expect(codes == [.resourceExhausted])
      await held.release()
      await held.release()
      for await code in group { #expect(code == nil) }
    }
    let reading = held.pool.control.reading()
    #expect(reading.arrived == 4 && reading.completed == 2 && reading.shed == 2)
  }

  @Test("who gives up leaves the queue, and counts neither as shed nor as done")
  func gives() async throws {
    let held = try HeldPool(maximum: 1, each: 1)
    let inside = Task { await held.call("a") }
    await held.until(inside: 1, waiting: 0)
    let waiting = Task { await held.call("b") }
    await held.until(inside: 1, waiting: 1)
    waiting.cancel()
    #expect(await waiting.value == .cancelled)
    await held.release()
    #expect(await inside.value == nil)
    let reading = held.pool.control.reading()
    #expect(reading.arrived == 2 && reading.completed == 1 && reading.shed == 0)
    #expect(reading.inFlight == 0 && reading.waiting == 0)
  }

  @Test("follows what is offered up and down, with the reasons")
  func follows() async throws {
    let held = try HeldPool()
    let calls = (0..<12).map { number in Task { await held.call("k\(number)") } }
    await held.until(inside: 4, waiting: 8)
    held.pass(.seconds(1))
    // 12 wanted at once, of 2.8 a replica.
    #expect(held.pool.control.replicas >= 5)
    #expect(held.autoscaler.latest(1000).contains { $0.text.contains("offered asks for 5") })
    await held.until(inside: 12, waiting: 0)
    await held.release()
    for call in calls { #expect(await call.value == nil) }
    held.pass(.seconds(15))
    #expect(held.pool.control.replicas >= 5)
    held.pass(.seconds(90))
    #expect(held.pool.control.replicas == 1)
  }

  @Test("grows before new work is refused for the sake of reserved places, whatever the target")
  func reserved() async throws {
    let held = try HeldPool(
      maximum: 4, each: 10, waiting: 0, reserved: 20,
      settings: .init(
        evaluation: .seconds(1), downWindow: .seconds(20), targetPercent: 100))
    let calls = (0..<12).map { number in Task { await held.call("k\(number)") } }
    await held.until(inside: 8, waiting: 0)
    while held.pool.control.reading().shed < 4 { await Task.yield() }
    held.pass(.seconds(1))
    // 8 wanted at once, of three quarters of 8 a replica.
    #expect(held.autoscaler.latest(1).first?.target == 6)
    #expect(held.pool.control.replicas == 2)
    await held.release()
    var refused = 0
    for call in calls { refused += await call.value == nil ? 0 : 1 }
    #expect(refused == 4)
  }

  @Test(
    "the target is what it was set to, or three quarters of what is not reserved",
    arguments: [(5, 70, 70.0), (5, 100, 71.25), (0, 75, 75.0), (90, 70, 7.5)])
  func targets(reserved: Int, percent: Int, wanted: Double) throws {
    let held = try HeldPool(
      each: 100, reserved: reserved,
      settings: .init(
        evaluation: .seconds(1), downWindow: .seconds(20), targetPercent: percent))
    held.pass(.seconds(1))
    #expect(held.autoscaler.latest(1).first?.target == wanted)
  }

  @Test(
    "while what it calls is not well nothing changes; while it is upstream nothing is taken away")
  func holds() async throws {
    let held = try HeldPool()
    held.pool.control.resize(to: 4)
    held.pass(.seconds(120), [.own("the breaker is open")])
    #expect(held.pool.control.replicas == 4)
    let entry = try #require(held.autoscaler.latest(1).first)
    #expect(entry.text.contains("the breaker is open"))
    #expect(entry.offered == nil && entry.decision.recommended == nil)
    held.pass(.seconds(120), [.upstream("the breaker is open")])
    #expect(held.pool.control.replicas == 4)
    #expect(held.autoscaler.latest(1).first?.decision.bounds.contains(.partialData) == true)
    let calls = (0..<24).map { number in Task { await held.call("k\(number)") } }
    await held.until(inside: 16, waiting: 8)
    held.pass(.seconds(2), [.upstream("the breaker is open")])
    #expect(held.pool.control.replicas == 8)
    await held.until(inside: 24, waiting: 0)
    await held.release()
    for call in calls { #expect(await call.value == nil) }
    held.pass(.seconds(200))
    #expect(held.pool.control.replicas == 1)
  }

  @Test("commands of which none ends are neither load without end nor idleness")
  func stuck() async throws {
    let held = try HeldPool(maximum: 32, each: 1, waiting: 8)
    let calls = (0..<3).map { number in Task { await held.call("k\(number)", .continuing) } }
    await held.until(inside: 1, waiting: 2)
    held.pass(.seconds(4))
    await held.until(inside: 3, waiting: 0)
    held.pass(.seconds(6))
    let size = held.pool.control.replicas
    let more = (0..<3).map { number in Task { await held.call("m\(number)", .continuing) } }
    while held.pool.control.reading().arrived < 6 { await Task.yield() }
    held.pass(.seconds(60))
    #expect(held.pool.control.replicas == size)
    #expect(held.autoscaler.latest(1).first?.troubles == ["commands are stuck"])
    while held.pool.control.reading().inFlight > 0, !Task.isCancelled { await held.release() }
    for call in calls + more { #expect(await call.value == nil) }
  }

  @Test("a settings file cannot ask for what no autoscaler can do")
  func settings() {
    #expect(throws: PolicyError.self) {
      try HeldPool(settings: .init(evaluation: .zero, downWindow: .seconds(1)))
    }
    #expect(throws: PolicyError.self) {
      try HeldPool(
        settings: .init(evaluation: .seconds(1), downWindow: .seconds(1), targetPercent: 0))
    }
  }

  @Test(
    "a call's class follows from its method and its caller",
    arguments: [
      ("baedal.order.v1.OrderService/PlaceOrder", "customer", WorkClass.fresh),
      ("baedal.order.v1.OrderService/PlaceOrder", "operator", .settling),
      ("baedal.order.v1.OrderService/GetOrder", "customer", .fresh),
      ("baedal.order.v1.OrderService/CancelOrder", "customer", .settling),
      ("baedal.payment.v1.PaymentService/Charge", "service", .fresh),
      ("baedal.payment.v1.PaymentService/Refund", "service", .settling),
      ("baedal.payment.v1.PaymentService/GetPayment", "service", .continuing),
      ("baedal.store.v1.StoreService/AcceptTicket", "store", .continuing),
      ("baedal.delivery.v1.DeliveryService/PickUp", "rider", .continuing),
      ("baedal.store.v1.StoreService/GetStore", "", .fresh),
      ("baedal.made.up/Method", "martian", .fresh),
    ])
  func classes(_ method: String, _ role: String, _ wanted: WorkClass) {
    #expect(WorkClass(of: method, by: role) == wanted)
  }
}
