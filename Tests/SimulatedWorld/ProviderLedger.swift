import Domain
import Services
import Transport

/// What the payment provider itself has written down: it stands outside all nodes and survives
/// every crash.
final class ProviderLedger: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  struct Entry {
    /// Attempts that have arrived.
    var seen: Set<Int> = []
    /// Won by the attempt that captured them.
    var captures: [Int: Int64] = [:]
    /// Won by refund key.
    var refunds: [String: Int64] = [:]

    var captured: Int64 { captures.values.reduce(0, +) }
    var refunded: Int64 { refunds.values.reduce(0, +) }
  }

  private(set) var entries: [String: Entry] = [:]
  /// What becomes of an attempt, whatever its caller hears of it.
  private let truth: SimulatedProvider

  init(_ settings: SimulatedProvider.Settings, seed: UInt64, clock: TransportClock) {
    var settings = settings
    (settings.latency, settings.capacity, settings.isDown) = (.zero, .max, false)
    truth = SimulatedProvider(settings: settings, seed: seed, timeout: .seconds(1), clock: clock)
  }

  /// An attempt has reached the provider. Never suspends: the truth answers at once.
  func take(_ charge: ProviderCharge) async {
    entries[charge.key.rawValue, default: Entry()].seen.insert(charge.attempt)
    guard case .approved(_, let amount) = await truth.outcome(of: charge) else { return }
    entries[charge.key.rawValue, default: Entry()].captures[charge.attempt] = amount.amount
  }

  func hasSeen(_ charge: ProviderCharge) -> Bool {
    entries[charge.key.rawValue]?.seen.contains(charge.attempt) ?? false
  }

  func take(_ refund: ProviderRefund) {
    entries[refund.payment.rawValue, default: Entry()].refunds[refund.key.rawValue] =
      refund.amount.amount
  }
}

/// The simulator's provider as one payment node reaches it, keeping the ledger.
final class LedgerProvider: PaymentProvider, @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  let base: SimulatedProvider
  private let world: World
  private let chance: Chance
  private var underWay = 0

  static let timeout = Duration.seconds(3)

  init(_ world: World, clock: TransportClock) {
    self.world = world
    chance = Chance(seed: world.seed, "provider \(world.scheduler.now)")
    base = SimulatedProvider(
      settings: world.provider, seed: world.seed, timeout: Self.timeout, clock: clock)
  }

  func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    if !base.current.isDown, underWay < base.current.capacity {
      world.note("provider gets \(charge.key) attempt \(charge.attempt)")
      await world.ledger.take(charge)
    }
    underWay += 1
    defer { underWay -= 1 }
    let outcome = await base.charge(charge)
    return doubted(losesAnswer ? .unknown(reason: "no answer") : outcome)
  }

  func outcome(of charge: ProviderCharge) async -> ProviderOutcome {
    let outcome = await base.outcome(of: charge)
    // The simulator keeps no books, and would approve what has never reached it.
    if case .unknown = outcome { return outcome }
    if losesAnswer { return .unknown(reason: "no answer") }
    guard world.isEnding || world.ledger.hasSeen(charge) else {
      return .notCharged(reason: "the provider never saw it", retryAfter: .zero)
    }
    return outcome
  }

  func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome {
    if world.plant == .lostRefund {
      return .refunded(ProviderReference(validated: "r-\(refund.key)"))
    }
    if losesAnswer { return .failed(reason: "it was lost on the way") }
    if !base.current.isDown {
      world.note("provider refunds \(refund.payment) \(refund.key)")
      world.ledger.take(refund)
    }
    let outcome = await base.refund(refund)
    return losesAnswer ? .failed(reason: "no answer") : outcome
  }

  private var losesAnswer: Bool { chance.perMille(world.faults.lostAnswerPerMille) }

  private func doubted(_ outcome: ProviderOutcome) -> ProviderOutcome {
    guard world.plant == .doubleCharge, case .unknown(let reason) = outcome else { return outcome }
    return .notCharged(reason: reason, retryAfter: .seconds(1))
  }
}
