import Messages
import Resilience
import Services
import Transport

extension NodeAdmin {
  func listBreakers(
    _ request: ListBreakersRequest, context: CallContext
  ) async throws(RPCError) -> ListBreakersResponse {
    ListBreakersResponse(breakers: dependencies.map { Messages.Breaker($0) })
  }

  func operateBreaker(
    _ request: OperateBreakerRequest, context: CallContext
  ) async throws(RPCError) -> BreakerResponse {
    let dependency = try dependency(request.dependency)
    let command: BreakerCommand =
      switch request.operation {
      case .forceOpen: .forceOpen
      case .forceClosed: .forceClosed
      case .disable: .disable
      case .reset: .reset
      case .unspecified, .unrecognized:
        throw RPCError(
          code: .invalidArgument,
          message: "operation must be FORCE_OPEN, FORCE_CLOSED, DISABLE or RESET")
      }
    dependency.operate(command)
    return BreakerResponse(breaker: Messages.Breaker(dependency))
  }

  func setDependencyPolicy(
    _ request: SetDependencyPolicyRequest, context: CallContext
  ) async throws(RPCError) -> BreakerResponse {
    let dependency = try dependency(request.dependency)
    guard let policy = request.policy else {
      throw RPCError(code: .invalidArgument, message: "there is no policy")
    }
    do throws(PolicyError) {
      try dependency.replace(
        policy: Resilience.DependencyPolicy(policy, callTimeout: config.payment.callTimeout))
    } catch {
      throw RPCError(code: .invalidArgument, message: "\(error)", cause: error)
    }
    return BreakerResponse(breaker: Messages.Breaker(dependency))
  }

  private func dependency(_ name: String) throws(RPCError) -> DependencyGuard {
    guard let found = dependencies.first(where: { $0.name == name }) else {
      let known = dependencies.map(\.name).joined(separator: ", ")
      throw RPCError(
        code: .notFound,
        message: "this node guards no dependency '\(name)'"
          + (known.isEmpty ? "" : "; it guards \(known)"))
    }
    return found
  }
}

extension Messages.Breaker {
  init(_ dependency: DependencyGuard) {
    let snapshot = dependency.snapshot()
    let breaker = snapshot.breaker
    self.init(
      dependency: dependency.name, state: BreakerState(breaker.state),
      policy: Messages.DependencyPolicy(snapshot.policy),
      windowCalls: UInt64(clamping: breaker.tally.calls),
      windowFailed: UInt64(clamping: breaker.tally.failures),
      windowSlow: UInt64(clamping: breaker.tally.slow),
      probesUnderWay: UInt32(clamping: breaker.liveProbes),
      counters: Messages.BreakerCounters(snapshot), inside: UInt32(clamping: snapshot.inside),
      queued: UInt32(clamping: snapshot.queued))
    if case .open(let until, _) = breaker.state {
      retryAfterMs = UInt64(clamping: until.nanoseconds(since: snapshot.at) / 1_000_000)
    }
    if let change = breaker.lastTransition {
      lastChange = "\(change.from.name) to \(change.to.name): \(change.cause)"
      lastChangeAgeMs = max(0, snapshot.at.nanoseconds(since: change.at) / 1_000_000)
    }
  }
}

extension Messages.BreakerCounters {
  fileprivate init(_ snapshot: DependencySnapshot) {
    let counters = snapshot.breaker.counters
    self.init(
      succeeded: counters.succeeded, failed: counters.failed, slow: counters.slow,
      ignored: counters.ignored, rejected: counters.rejected, dropped: counters.dropped,
      openings: counters.openings, turnedAway: snapshot.turnedAway, retried: snapshot.retried)
  }
}

extension Messages.BreakerState {
  fileprivate init(_ state: Resilience.BreakerState) {
    self =
      switch state {
      case .closed: .closed
      case .open: .open
      case .halfOpen: .halfOpen
      case .forcedOpen: .forcedOpen
      case .forcedClosed: .forcedClosed
      case .disabled: .disabled
      }
  }
}
