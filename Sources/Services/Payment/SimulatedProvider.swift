package import Domain
import Synchronization
package import Transport

/// The built-in payment provider: behaves well or badly as told, at run time too.
///
/// What becomes of an attempt follows from seed, key and attempt alone, so that asking again gives
/// the same answer, also after a restart, without a ledger that grows with every order. Changing
/// the settings changes what becomes of attempts whose outcome nobody has heard yet.
package final class SimulatedProvider: PaymentProvider {
  package struct Settings: Hashable, Sendable {
    package var latency: Duration
    /// Charges at once; more are refused at once.
    package var capacity: Int
    package var declinePerMille: Int
    /// Of 1000 charges so many lose their answer; half of those have charged.
    package var unknownPerMille: Int
    /// Refuses every call at once.
    package var isDown: Bool

    package init(
      latency: Duration = .milliseconds(5), capacity: Int = 512, declinePerMille: Int = 0,
      unknownPerMille: Int = 0, isDown: Bool = false
    ) {
      self.latency = latency
      self.capacity = capacity
      self.declinePerMille = declinePerMille
      self.unknownPerMille = unknownPerMille
      self.isDown = isDown
    }
  }

  /// A method that is always declined.
  package static let declinedMethod = PaymentMethod(validated: "card-declined")
  /// A method whose answer is always lost, after the money was taken.
  package static let lostMethod = PaymentMethod(validated: "card-lost")

  private let settings: Mutex<Settings>
  private let underWay = Atomic<Int>(0)
  private let seed: UInt64
  private let timeout: Duration
  private let clock: TransportClock

  /// - Parameter timeout: after this long an answer counts as lost.
  package init(settings: Settings, seed: UInt64, timeout: Duration, clock: TransportClock) {
    self.settings = Mutex(settings)
    self.seed = seed
    self.timeout = timeout
    self.clock = clock
  }

  package var current: Settings { settings.withLock { $0 } }

  /// Changes how it behaves from now on.
  package func change(to new: Settings) { settings.withLock { $0 = new } }

  package func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    let settings = current
    if settings.isDown {
      return .notCharged(reason: "the provider is not reachable", retryAfter: .seconds(1))
    }
    let taken = underWay.wrappingAdd(1, ordering: .relaxed).newValue
    defer { underWay.wrappingSubtract(1, ordering: .relaxed) }
    guard taken <= settings.capacity else {
      return .notCharged(reason: "the provider is overloaded", retryAfter: .seconds(1))
    }
    guard await waited(settings.latency) else { return .unknown(reason: "no answer in time") }
    if isLost(charge, settings) { return .unknown(reason: "the answer was lost") }
    return decided(charge, settings)
  }

  package func outcome(of charge: ProviderCharge) async -> ProviderOutcome {
    let settings = current
    if settings.isDown { return .unknown(reason: "the provider is not reachable") }
    guard await waited(settings.latency) else { return .unknown(reason: "no answer in time") }
    if isLost(charge, settings), !isLostAfterCharging(charge) {
      return .notCharged(reason: "the provider never saw it", retryAfter: .zero)
    }
    return decided(charge, settings)
  }

  package func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome {
    let settings = current
    if settings.isDown { return .failed(reason: "the provider is not reachable") }
    guard await waited(settings.latency) else { return .failed(reason: "no answer in time") }
    return .refunded(
      ProviderReference(
        validated: "r-" + Digest.name(of: refund.payment.rawValue, refund.key.rawValue)))
  }

  /// Whether the answer came in time; returns early when it will not.
  private func waited(_ latency: Duration) async -> Bool {
    let wait = min(latency, timeout)
    if wait > .zero { try? await clock.sleep(clock.now().advanced(by: wait)) }
    return latency <= timeout
  }

  private func decided(_ charge: ProviderCharge, _ settings: Settings) -> ProviderOutcome {
    if charge.method == Self.declinedMethod || draw(charge, salt: 1) < settings.declinePerMille {
      return .declined(reason: "the card was declined")
    }
    return .approved(
      ProviderReference(validated: "c-" + Digest.name(of: charge.key.rawValue)),
      amount: charge.amount)
  }

  private func isLost(_ charge: ProviderCharge, _ settings: Settings) -> Bool {
    charge.method == Self.lostMethod || draw(charge, salt: 2) < settings.unknownPerMille
  }

  private func isLostAfterCharging(_ charge: ProviderCharge) -> Bool {
    charge.method == Self.lostMethod || draw(charge, salt: 3) < 500
  }

  /// 0 to 999, by FNV-1a and the finalizer of SplitMix64.
  private func draw(_ charge: ProviderCharge, salt: UInt64) -> Int {
    var hash = 0xcbf2_9ce4_8422_2325 ^ seed &+ salt &* 0x9e37_79b9_7f4a_7c15
    for byte in charge.key.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    hash = hash &+ UInt64(truncatingIfNeeded: charge.attempt)
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((hash ^ (hash >> 31)) % 1000)
  }
}
