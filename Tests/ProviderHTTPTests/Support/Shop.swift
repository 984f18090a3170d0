import Domain
import NIOPosix
import Services
import Synchronization
import Transport

@testable import ProviderHTTP

/// A clock that a test moves; whoever sleeps on it wakes when it has been moved far enough.
final class HandClock: Sendable {
  private struct State {
    var now = MonotonicInstant(nanoseconds: 0)
    var count = 0
    var sleepers:
      [Int: (until: MonotonicInstant, continuation: CheckedContinuation<Void, any Error>)] =
        [:]
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())

  var clock: TransportClock {
    TransportClock(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep($0) })
  }

  /// How many sleep.
  var sleepers: Int { state.withLock { $0.sleepers.count } }

  func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.value.until <= state.now }
      for key in due.keys { state.sleepers[key] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  private func sleep(_ until: MonotonicInstant) async throws {
    let id = state.withLock { state in
      state.count += 1
      return state.count
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let now = state.withLock { state -> Result<Void, any Error>? in
          if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
          if until <= state.now { return .success(()) }
          state.sleepers[id] = (until, continuation)
          return nil
        }
        if let now { continuation.resume(with: now) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> CheckedContinuation<Void, any Error>? in
        if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper.continuation }
        state.cancelled.insert(id)
        return nil
      }
      sleeper?.resume(throwing: CancellationError())
    }
  }
}

/// An adapter in front of a stand-in, both for one test.
struct Shop {
  static let timeout: Duration = .seconds(3)
  static let notFoundFinal: Duration = .seconds(60)

  let standIn: StandIn
  let provider: HTTPProvider
  let clock = HandClock()

  /// - Parameters:
  ///   - certificate: that the stand-in shows.
  ///   - authority: that the adapter trusts.
  ///   - url: where the adapter looks for the stand-in; nil for where it is.
  init(
    certificate: String = "loopback", authority: String = "authority", url: String? = nil,
    secret: String = StandIn.secret
  ) async throws {
    standIn = try await StandIn(certificate: certificate)
    guard let address = ProviderAddress(url ?? standIn.url) else { throw Missing(what: "address") }
    var settings = HTTPProviderSettings(
      address: address, credential: ProviderCredential(secret: secret))
    settings.caFile = try Certificates.shared.get().path("\(authority).pem")
    // Only the test's clock ends what it has begun.
    settings.connectTimeout = .seconds(60)
    settings.timeout = Self.timeout
    settings.notFoundFinal = Self.notFoundFinal
    settings.connections = 4
    provider = try HTTPProvider(
      settings, clock: clock.clock, group: MultiThreadedEventLoopGroup.singleton)
  }

  static func charge(
    _ key: String = "order-0001", attempt: Int = 1, won: Int64 = 24_000, method: String? = nil
  ) throws -> ProviderCharge {
    ProviderCharge(
      key: try PaymentKey(key), attempt: attempt, amount: try Won(won),
      method: try PaymentMethod(method ?? "once:pk_\(key)"))
  }

  static func refund(
    _ key: String, won: Int64, of payment: String = "order-0001"
  ) throws -> ProviderRefund {
    ProviderRefund(
      payment: try PaymentKey(payment), key: try RefundKey(key), amount: try Won(won))
  }
}

/// Runs a test in a shop, and closes it whatever happens.
func withShop(
  _ shop: Shop, _ body: (Shop) async throws -> Void
) async throws {
  do { try await body(shop) } catch {
    await shop.provider.close()
    throw error
  }
  await shop.provider.close()
}

extension ProviderOutcome {
  /// Which of the four it is.
  enum Kind: Hashable { case approved, declined, notCharged, unknown }

  var kind: Kind {
    switch self {
    case .approved: .approved
    case .declined: .declined
    case .notCharged: .notCharged
    case .unknown: .unknown
    }
  }
}
