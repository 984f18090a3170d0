import Journal
import Messages
import Synchronization
import Transport

@testable import Services

/// The way from the order service to payment, which a test can cut or hold up.
final class PaymentLine: PaymentServiceProtocol {
  /// What happens to calls.
  enum Fault: Hashable, Sendable {
    /// Nothing arrives.
    case cut
    /// Nothing arrives, and it is known not to.
    case refused
    /// Charges arrive, their answers are lost.
    case losesAnswers
    /// Charges arrive, and are refused because their outcome cannot be written down.
    case cannotRecord
    /// Charges stay on the way until `release`.
    case holdsCharges
    /// Charges arrive, their answers stay on the way until `release`.
    case holdsAnswers
  }

  private struct State {
    var faults: Set<Fault> = []
    var held: [CheckedContinuation<Void, Never>] = []
  }

  private let payment: PaymentService
  private let state = Mutex(State())

  init(to payment: PaymentService) { self.payment = payment }

  /// From now on the line has these faults and no others.
  func suffer(_ faults: Fault...) { state.withLock { $0.faults = Set(faults) } }

  /// Lets go on what is held up, and whatever comes from now on.
  func release() {
    let held = state.withLock { state in
      state.faults = []
      defer { state.held = [] }
      return state.held
    }
    for waiter in held { waiter.resume() }
  }

  /// How many calls are held up.
  var held: Int { state.withLock { $0.held.count } }

  /// Returns once so many calls are held up.
  func holds(_ count: Int = 1) async {
    while held < count { await Task.yield() }
  }

  func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    await pass(.holdsCharges)
    try check()
    let answer = try await payment.charge(request, context: context)
    await pass(.holdsAnswers)
    guard !has(.losesAnswers) else {
      throw RPCError(code: .deadlineExceeded, message: "no answer")
    }
    guard !has(.cannotRecord) else { throw RPCError(JournalError.overloaded("full")) }
    return answer
  }

  func getPayment(
    _ request: GetPaymentRequest, context: CallContext
  ) async throws(RPCError) -> GetPaymentResponse {
    try check()
    return try await payment.getPayment(request, context: context)
  }

  func refund(
    _ request: RefundRequest, context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    try await payment.refund(request, context: context)
  }

  func getSimulator(
    _ request: GetSimulatorRequest, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await payment.getSimulator(request, context: context)
  }

  func setSimulator(
    _ request: SimulatorSettings, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await payment.setSimulator(request, context: context)
  }

  private func has(_ fault: Fault) -> Bool { state.withLock { $0.faults.contains(fault) } }

  private func check() throws(RPCError) {
    if has(.refused) {
      throw RPCError(code: .unavailable, message: "not connected", unprocessed: true)
    }
    if has(.cut) { throw RPCError(code: .unavailable, message: "the connection broke") }
  }

  /// Waits for `release` while the line has that fault.
  private func pass(_ fault: Fault) async {
    await withCheckedContinuation { waiter in
      let isHeld = state.withLock { state in
        guard state.faults.contains(fault) else { return false }
        state.held.append(waiter)
        return true
      }
      if !isHeld { waiter.resume() }
    }
  }
}
