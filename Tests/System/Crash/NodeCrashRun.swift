import Glibc
import Messages
import Synchronization
import Testing
import Transport

/// Orders under load over five nodes with one service each, of which one is killed and started
/// again, over and over; notes what was acknowledged, and who was harmed by whose death.
final class NodeCrashRun: Sendable {
  static let layout = [
    "order-1": ["order"], "payment-1": ["payment"], "store-1": ["store"],
    "delivery-1": ["delivery"], "dashboard-1": ["dashboard"],
  ]
  private static let services = [
    "order-1": "baedal.order.v1.OrderService", "payment-1": "baedal.payment.v1.PaymentService",
    "store-1": "baedal.store.v1.StoreService",
    "delivery-1": "baedal.delivery.v1.DeliveryService",
    "dashboard-1": "baedal.dashboard.v1.DashboardService",
  ]
  /// The nodes without which no order is paid.
  private static let needed: Set = ["order-1", "payment-1"]
  private static let workers = 8
  /// From the start of a killed node's process until it serves again, whatever it has to recover
  /// and however busy the machine is.
  static let startLimit = Duration.seconds(15)
  /// How long a customer waits for an answer.
  private static let patience = Duration.seconds(5)

  let cluster: Cluster
  let kills: Int
  let seed: UInt64
  let hasFaults: Bool
  let ledger = Ledger()
  let calm = Calm()
  private let nodes = Mutex<[String: NodeProcess]>([:])
  private let starts = Mutex<[String: [Duration]]>([:])

  /// - Parameters:
  ///   - kills: how many nodes are killed, one after the other.
  ///   - hasFaults: whether the payment provider falls ill meanwhile.
  init(kills: Int, seed: UInt64, hasFaults: Bool = false) throws {
    self.kills = kills
    self.seed = seed
    self.hasFaults = hasFaults
    let payment =
      hasFaults
      ? """
      payment:
        call_timeout_ms: 200
        simulator: {latency_ms: 20, decline_per_mille: 50, unknown_per_mille: 150}
        breaker: {open_wait_ms: 50, open_wait_max_s: 1, minimum_calls: 10}
        bulkhead: {concurrent: 12, queued: 4, queue_timeout_ms: 50}
        drain: {per_second: 1000, interval_ms: 20}
      """
      : """
      payment:
        breaker: {open_wait_ms: 50, open_wait_max_s: 1}
        drain: {per_second: 1000, interval_ms: 20}
      """
    cluster = try Cluster(
      Self.layout,
      config: """
        deadlines: {payment_pending_s: 5, payment_unknown_s: 8, attempt_silent_s: 1,
          ask_again_s: 0.5, refund_retry_s: 0.5}
        log: {level: warning}
        \(payment)
        """)
  }

  /// Runs all of it, checks every promise, and tells what it took.
  func run() async throws {
    for (name, node) in try await cluster.start() { nodes.withLock { $0[name] = node } }
    defer { for node in nodes.withLock({ Array($0.values) }) { node.kill() } }
    let town = Town(try node("order-1"), connections: 4)
    try await town.open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<Self.workers {
        let random = SeededRandom(seed: seed &+ UInt64(worker))
        group.addTask { await self.order(from: town, random) }
      }
      if hasFaults { group.addTask { await self.fall(ill: town) } }
      defer { calm.end() }
      try await killAll(town)
      calm.end()
      try await group.waitForAll()
    }
    #expect(calm.harmed == [], "of \(calm.calls) calls, seed \(seed)")
    try await PromiseCheck(ledger: ledger, seed: seed).all(town)
    await town.close()
    for (name, node) in nodes.withLock({ $0 }) {
      #expect(try await node.stop() == .exit(0), "\(name)")
    }
  }

  /// One line about it.
  var report: String {
    let longest = starts.withLock { starts in
      starts.sorted { $0.key < $1.key }.map { name, times in
        "\(name) \(times.count)x at most \((times.max() ?? .zero).shown)"
      }
    }
    return "\(kills) kills, \(ledger.acknowledged.count) orders acknowledged, \(calm.calls) calls"
      + " beside them and \(calm.harmed.count) harmed; serving again after "
      + longest.joined(separator: ", ")
  }

  private func node(_ name: String) throws -> NodeProcess {
    guard let node = nodes.withLock({ $0[name] }) else { throw Trouble("there is no \(name)") }
    return node
  }
}

// MARK: - Killing

extension NodeCrashRun {
  private func killAll(_ town: Town) async throws {
    var random = SeededRandom(seed: seed &+ 77)
    let names = Self.layout.keys.sorted()
    var turn: [String] = []
    for _ in 0..<kills {
      // Each is killed as often as the others, in an order left to chance.
      if turn.isEmpty { turn = names.shuffled(using: &random) }
      try await Task.sleep(for: .milliseconds(Int.random(in: 100...500, using: &random)))
      let pause = Duration.milliseconds(Int.random(in: 0...400, using: &random))
      try await kill(turn.removeLast(), for: pause, town)
    }
  }

  private func kill(_ name: String, for pause: Duration, _ town: Town) async throws {
    if Self.needed.contains(name) { calm.disturb() }
    try node(name).kill()
    try await Task.sleep(for: pause)
    let clock = ContinuousClock()
    let begun = clock.now
    let node = try await cluster.start(name)
    nodes.withLock { $0[name] = node }
    let doctor = Person("", "", of: node.port)
    try await until("\(name) that serves again", within: Self.startLimit) {
      let answer = try await doctor.call(
        HealthServiceMethods.check,
        HealthCheckRequest(service: Self.services[name] ?? ""))
      return answer.status == .serving
    }
    await doctor.close()
    if Self.needed.contains(name) {
      // And is paid at once, not parked; with a provider that is ill that may take its time.
      let states: Set<OrderState> = hasFaults ? [.placed, .awaitingPayment] : [.placed]
      try await until("order that is taken as before", within: Self.startLimit) {
        let key = ledger.nextKey()
        let order = try await town.place(Town.request(key))
        ledger.acknowledge(key, order)
        guard states.contains(order.state) else { return false }
        let answer = try await town.boss.call(
          AdminServiceMethods.listBreakers, ListBreakersRequest())
        return hasFaults || answer.breakers.allSatisfy { $0.state == .closed }
      }
    }
    let took = clock.now - begun
    starts.withLock { $0[name, default: []].append(took) }
    #expect(took < Self.startLimit, "\(name), seed \(seed)")
    if Self.needed.contains(name) { calm.restore() }
  }
}

// MARK: - Load

extension NodeCrashRun {
  /// Orders as fast as it is answered; some orders it cancels, some the store accepts.
  private func order(from town: Town, _ random: SeededRandom) async {
    var random = random
    while !calm.isOver {
      let key = ledger.nextKey()
      let before = calm.epoch
      do throws(RPCError) {
        let answer = try await town.customer.call(
          OrderServiceMethods.placeOrder, Town.request(key), within: Self.patience)
        let order = answer.order ?? Messages.Order()
        ledger.acknowledge(key, order)
        let isFine = hasFaults || order.state == .placed
        calm.count(since: before, isFine ? nil : "\(key) is \(order.state)")
        guard order.state == .placed else { continue }
        try await follow(order, key, town, random.next() % 8)
      } catch {
        ledger.leave(key)
        calm.count(since: before, "\(key): \(error)")
        try? await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  private func follow(
    _ order: Messages.Order, _ key: String, _ town: Town, _ chance: UInt64
  ) async throws(RPCError) {
    switch chance {
    case 0:
      let before = calm.epoch
      do throws(RPCError) {
        ledger.acknowledge(key, try await town.cancel(order.orderID))
        calm.count(since: before, nil)
      } catch {
        // The store may have been quicker.
        calm.count(since: before, error.code == .failedPrecondition ? nil : "cancel: \(error)")
      }
    case 1:
      // The store's node may be the one that is dead.
      do throws(RPCError) { try await town.accept(order.orderID) } catch {}
    default: break
    }
  }

  private func fall(ill town: Town) async {
    var random = SeededRandom(seed: seed &+ 99)
    while !calm.isOver {
      try? await Task.sleep(for: .milliseconds(Int.random(in: 100...400, using: &random)))
      var settings = SimulatorSettings(latencyMs: 5, capacity: 512)
      switch random.next() % 6 {
      case 0: settings.down = true
      case 1: settings.capacity = 1
      case 2: settings.latencyMs = 400
      case 3: settings.unknownPerMille = 700
      case 4: settings.declinePerMille = 300
      default: break
      }
      _ = try? await town.boss.call(
        PaymentServiceMethods.setSimulator, settings, within: .seconds(1))
    }
    let well = SimulatorSettings(latencyMs: 5, capacity: 512)
    try? await until("provider that is well") {
      _ = try await town.boss.call(PaymentServiceMethods.setSimulator, well)
      return true
    }
  }
}

/// Whether anything that orders cannot do without is dead, and whom it harmed when nothing was.
final class Calm: Sendable {
  private struct State {
    var epoch = 0
    var isDisturbed = false
    var isOver = false
    var calls = 0
    var harmed: [String] = []
  }

  private let state = Mutex(State())

  var isOver: Bool { state.withLock { $0.isOver } }
  /// Calls that began and ended while all was well.
  var calls: Int { state.withLock { $0.calls } }
  var harmed: [String] { state.withLock { $0.harmed } }
  /// nil while something needed is dead.
  var epoch: Int? { state.withLock { $0.isDisturbed ? nil : $0.epoch } }

  func disturb() { state.withLock { ($0.isDisturbed, $0.epoch) = (true, $0.epoch + 1) } }
  func restore() { state.withLock { $0.isDisturbed = false } }
  func end() { state.withLock { $0.isOver = true } }

  /// A call that began in `epoch` has ended, in harm or nil.
  func count(since epoch: Int?, _ harm: String?) {
    state.withLock { state in
      guard let epoch, epoch == state.epoch, !state.isDisturbed else { return }
      state.calls += 1
      if let harm { state.harmed.append(harm) }
    }
  }
}
