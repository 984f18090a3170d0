import CPowerCut
import Glibc
import Messages
import Testing
import Transport

/// Orders under load on a node that is killed and started again and again; notes what was
/// acknowledged, then looks for it.
struct CrashRun: Sendable {
  /// What a crash leaves of what was written and not synced.
  enum Disk: Sendable {
    /// All of it: the kernel lives on.
    case pageCache
    /// Less: the power was cut.
    case forgetful
  }

  let site: Site
  let disk: Disk
  let config: String
  let cycles: Int
  let seed: UInt64
  /// Whether the payment provider falls ill while the node runs.
  let hasFaults: Bool
  let ledger = Ledger()

  private static let workers = 16
  private static let journals = ["order", "payment", "store", "delivery"]

  /// - Parameter config: beside what every run has: deadlines short enough to wait for, but for the
  ///   store's, which would otherwise end orders while they are compared.
  init(
    disk: Disk = .pageCache, cycles: Int, seed: UInt64, config: String = "",
    hasFaults: Bool = false
  ) throws {
    self.hasFaults = hasFaults
    site = try Site()
    self.disk = disk
    self.cycles = cycles
    self.seed = seed
    self.config = """
      deadlines: {payment_pending_s: 5, payment_unknown_s: 8, attempt_silent_s: 1, ask_again_s: 0.5,
        refund_retry_s: 0.5, store_silent_s: 3600, cancel_silent_s: 3600}
      log: {level: warning}
      \(config)
      """
  }

  /// Opens the store, then kills the node under load, `cycles` times.
  func crash() async throws {
    let first = try await site.start(config)
    let town = Town(first)
    try await town.open()
    await town.close()
    #expect(try await first.stop() == .exit(0))
    for cycle in 0..<cycles { try await crash(cycle) }
  }

  /// One cycle: start, load, SIGKILL at a random moment.
  private func crash(_ cycle: Int) async throws {
    var random = SeededRandom(seed: seed &+ UInt64(cycle))
    let node = try await site.start(config)
    let town = Town(node, connections: 4)
    let life = Duration.milliseconds(Int.random(in: 100...700, using: &random))
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<Self.workers {
        let random = SeededRandom(seed: seed &+ UInt64(cycle << 8 + worker))
        group.addTask { await order(from: town, while: node, random) }
      }
      if hasFaults {
        group.addTask { [random] in await fall(ill: town, random, within: life) }
      }
      try? await Task.sleep(for: life)
      node.kill()
    }
    await town.close()
    cutPower(mode: cycle % 3, random.next())
  }

  /// The payment provider changes for the worse twice in a node's life; a node that starts again
  /// finds it well.
  private func fall(ill town: Town, _ random: SeededRandom, within life: Duration) async {
    var random = random
    for _ in 0..<2 {
      try? await Task.sleep(for: life * Double.random(in: 0.1...0.4, using: &random))
      var settings = SimulatorSettings(latencyMs: 5, capacity: 512)
      switch random.next() % 5 {
      case 0: settings.down = true
      case 1: settings.capacity = 1
      case 2: settings.latencyMs = 400
      case 3: settings.unknownPerMille = 700
      default: settings.declinePerMille = 300
      }
      _ = try? await town.boss.call(PaymentServiceMethods.setSimulator, settings)
    }
  }

  private func cutPower(mode: Int, _ seed: UInt64) {
    guard disk == .forgetful else { return }
    for journal in Self.journals {
      let lost = powercut_apply("\(site.data)/\(journal).db", Int32(mode), seed)
      #expect(lost >= 0, "\(journal): errno \(errno)")
    }
  }

  /// A client that orders as fast as it can; some orders it cancels, some the store accepts.
  private func order(from town: Town, while node: NodeProcess, _ random: SeededRandom) async {
    var random = random
    while node.isRunning {
      let key = ledger.nextKey()
      do throws(RPCError) {
        let order = try await town.place(Town.request(key))
        ledger.acknowledge(key, order)
        guard order.state == .placed else { continue }
        switch random.next() % 8 {
        case 0: ledger.acknowledge(key, try await town.cancel(order.orderID))
        case 1: try await town.accept(order.orderID)
        default: break
        }
      } catch {
        ledger.leave(key)
        // Nothing there, or not yet: no reason to spin.
        if error.code != .notFound { try? await Task.sleep(for: .milliseconds(5)) }
      }
    }
  }
}
