package import Domain
import Synchronization
package import Transport

/// The built-in payment provider: behaves well or badly as told, at run time too.
///
/// What becomes of an attempt follows from seed, key and attempt alone, so that asking again gives
/// the same answer, also after a restart, without a ledger that grows with every order. Changing
/// the settings changes what becomes of attempts whose outcome nobody has heard yet. A charge that
/// was taken in is carried out, also when its caller gave up while it waited for a place: asking
/// then tells what it comes to.
package final class SimulatedProvider: PaymentProvider {
  package struct Settings: Hashable, Sendable {
    package var latency: Duration
    /// Charges at once.
    package var capacity: Int
    /// Charges beyond those that wait for a place; more are refused at once.
    package var queue: Int
    package var declinePerMille: Int
    /// Of 1000 charges so many lose their answer; half of those have charged.
    package var unknownPerMille: Int
    /// Refuses every call at once.
    package var isDown: Bool

    package init(
      latency: Duration = .milliseconds(5), capacity: Int = 512, queue: Int = 0,
      declinePerMille: Int = 0, unknownPerMille: Int = 0, isDown: Bool = false
    ) {
      self.latency = latency
      self.capacity = capacity
      self.queue = queue
      self.declinePerMille = declinePerMille
      self.unknownPerMille = unknownPerMille
      self.isDown = isDown
    }
  }

  /// A method that is always declined.
  package static let declinedMethod = PaymentMethod(validated: "card-declined")
  /// A method whose answer is always lost, after the money was taken.
  package static let lostMethod = PaymentMethod(validated: "card-lost")

  /// What it has had to do since it was made.
  package struct Load: Hashable, Sendable {
    /// Charges that hold a place now.
    package var underWay = 0
    /// Charges that wait for one.
    package var waiting = 0
    /// The most of each at once since the settings changed.
    package var underWayMax = 0
    package var waitingMax = 0
    /// Asked of it.
    package var charges = 0
    /// For want of a place.
    package var refused = 0
    /// Captured, and the caller heard so.
    package var approved = 0
    /// Carried out although the caller had given up.
    package var late = 0
  }

  private struct State {
    var settings: Settings
    var places: SimulatedPlaces
    var load = Load()
  }

  private let state: Mutex<State>
  private let seed: UInt64
  private let timeout: Duration
  private let clock: TransportClock

  /// Who waits for a place looks at least so often, because the settings may have changed.
  private static let lookEvery = Duration.milliseconds(100)

  /// - Parameter timeout: after this long an answer counts as lost.
  package init(settings: Settings, seed: UInt64, timeout: Duration, clock: TransportClock) {
    state = Mutex(State(settings: settings, places: SimulatedPlaces(settings)))
    self.seed = seed
    self.timeout = timeout
    self.clock = clock
  }

  package var current: Settings { state.withLock { $0.settings } }

  package var load: Load {
    let now = clock.now()
    return state.withLock { state in
      state.places.advance(to: now)
      var load = state.load
      (load.underWay, load.waiting) = (state.places.underWay, state.places.waiting)
      (load.underWayMax, load.waitingMax) = (state.places.underWayMax, state.places.waitingMax)
      return load
    }
  }

  /// Changes how it behaves from now on.
  package func change(to new: Settings) {
    let now = clock.now()
    state.withLock { state in
      state.places.advance(to: now)
      state.settings = new
      (state.places.capacity, state.places.queue) = (new.capacity, new.queue)
      state.places.latency = new.latency
      state.places.advance(to: now)
      state.places.forgetMaxima()
    }
  }

  package func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    let now = clock.now()
    let entered = state.withLock { state -> SimulatedPlaces.Standing? in
      state.load.charges += 1
      return state.settings.isDown ? nil : state.places.enter(at: now)
    }
    guard let entered else {
      return .notCharged(reason: "the provider is not reachable", retryAfter: .seconds(1))
    }
    if entered == .refused {
      state.withLock { $0.load.refused += 1 }
      return .notCharged(reason: "the provider is overloaded", retryAfter: .seconds(1))
    }
    guard await isDone(entered, before: now.advanced(by: timeout)) else {
      state.withLock { $0.load.late += 1 }
      return .unknown(reason: "no answer in time")
    }
    let settings = current
    if settings.isDown { return .unknown(reason: "the provider went away") }
    if isLost(charge, settings) { return .unknown(reason: "the answer was lost") }
    let outcome = decided(charge, settings)
    if case .approved = outcome { state.withLock { $0.load.approved += 1 } }
    return outcome
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

  /// Waits until a charge that was taken in is done, or until its caller gives up.
  private func isDone(
    _ entered: SimulatedPlaces.Standing, before deadline: MonotonicInstant
  ) async -> Bool {
    var standing = entered
    while case .waiting(let waiter, let turn) = standing {
      let now = clock.now()
      let next = min(turn, deadline, now.advanced(by: Self.lookEvery))
      let isCancelled = (try? await clock.sleep(next)) == nil
      standing = state.withLock { state in
        let now = clock.now()
        let standing = state.places.look(waiter, at: now)
        guard case .waiting = standing, isCancelled || now >= deadline else { return standing }
        state.places.giveUp(waiter, at: now)
        return .refused
      }
    }
    guard case .underWay(let end) = standing else { return false }
    if end > clock.now() { try? await clock.sleep(min(end, deadline)) }
    return end <= deadline
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

extension SimulatedPlaces {
  fileprivate init(_ settings: SimulatedProvider.Settings) {
    self.init(capacity: settings.capacity, queue: settings.queue, latency: settings.latency)
  }
}
