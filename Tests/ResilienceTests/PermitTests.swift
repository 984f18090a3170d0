import Resilience
import Synchronization
import Testing

/// A permit never leaks.
@Suite struct PermitTests {
  private let over = Sample.second(5)

  @Test func aDroppedProbeFreesItsPlace() throws {
    let breaker = try Sample.openBreaker()
    for _ in 0..<100 {
      let permit = try breaker.permit(at: over)
      let isProbe = permit.isProbe
      #expect(isProbe)
      #expect(breaker.snapshot(at: over).liveProbes == 1)
    }
    #expect(breaker.snapshot(at: over).liveProbes == 0)
    #expect(breaker.snapshot(at: over).counters.dropped == 100)
  }

  @Test func aProbeThatThrowsPastItsPermitFreesItsPlace() throws {
    let breaker = try Sample.openBreaker()
    func call() throws {
      let permit = try breaker.permit(at: over)
      if permit.isProbe { throw Refused() }
      permit.settle(.success, at: over)
    }
    #expect(throws: Refused.self) { try call() }
    #expect(breaker.snapshot(at: over).liveProbes == 0)
  }

  @Test func aCancelledProbeFreesItsPlaceAndSaysNothing() async throws {
    let breaker = try Sample.openBreaker()
    let over = over
    let task = Task {
      try await breaker.run(now: { over }) { () async throws -> Void in
        withUnsafeCurrentTask { $0?.cancel() }
        try Task.checkCancellation()
      }
    }
    _ = await task.result
    let snapshot = breaker.snapshot(at: over)
    #expect(snapshot.liveProbes == 0)
    #expect(snapshot.tally.calls == 0)
    #expect(snapshot.counters.ignored == 1)
  }

  @Test func aProbeThatNeverReturnsIsTakenBackAndCountsAsFailed() throws {
    let breaker = try Sample.openBreaker(Sample.policy(probes: 1))
    let kept = try breaker.permit(at: over)
    #expect(throws: BreakerRejection(reason: .probesTaken, retryAfterNanoseconds: 1)) {
      _ = try breaker.permit(at: Sample.second(15).advanced(byNanoseconds: -1))
    }
    let after = breaker.snapshot(at: Sample.second(15))
    #expect(after.liveProbes == 0)
    #expect(after.counters.leasesExpired == 1)
    // The second opening in a row waits twice as long.
    #expect(after.state == .open(until: Sample.second(25), opening: 2))
    let keptCounted = kept.settle(.success, at: Sample.second(16))
    #expect(!keptCounted)
    #expect(breaker.snapshot(at: Sample.second(16)).state == after.state)
  }

  @Test func whoFindsAllProbesTakenIsToldToComeBackSoonNotAfterTheLease() throws {
    let breaker = try Sample.openBreaker(Sample.policy(probes: 1))
    let probe = try breaker.permit(at: over)
    // The lease ends at second 15; the first open wait is 5 s.
    for (second, wait) in [(5, 5), (9, 5), (13, 2)] as [(Int64, Int64)] {
      let rejection = BreakerRejection(
        reason: .probesTaken, retryAfterNanoseconds: wait * 1_000_000_000)
      #expect(throws: rejection) { _ = try breaker.permit(at: Sample.second(second)) }
      #expect(breaker.refusal(at: Sample.second(second)) == rejection)
    }
    let counted = probe.settle(.success, at: Sample.second(14))
    #expect(counted)
  }

  @Test func aResultFromAnEarlierStateChangesNothing() throws {
    let breaker = try Sample.breaker()
    let early = try breaker.permit(at: Sample.second(0))
    let late = try breaker.permit(at: Sample.second(0))
    for _ in 0..<2 {
      try breaker.permit(at: Sample.second(0)).settle(.failure, at: Sample.second(0))
    }
    let probe = try breaker.permit(at: over)
    let before = breaker.snapshot(at: over)
    let earlyCounted = early.settle(.success, at: over)
    #expect(!earlyCounted)
    let lateCounted = late.settle(.failure, at: over)
    #expect(!lateCounted)
    let after = breaker.snapshot(at: over)
    #expect(after.state == before.state && after.tally == before.tally)
    #expect(after.counters.stale == 2)
    let probeCounted = probe.settle(.success, at: over)
    #expect(probeCounted)
  }

  @Test func anErrorOfTheCallComesThroughAndCountsAsTheCallerSays() throws {
    let breaker = try Sample.breaker()
    let now = Sample.second(0)
    for _ in 0..<10 {
      #expect(throws: GuardedCallError<Refused>.failed(Refused())) {
        try breaker.run(now: { now }, judge: { _ in .ignored }) { () throws(Refused) in
          throw Refused()
        }
      }
    }
    #expect(breaker.snapshot(at: now).state == .closed)
    for _ in 0..<2 {
      #expect(throws: GuardedCallError<Refused>.failed(Refused())) {
        try breaker.run(now: { now }) { () throws(Refused) in throw Refused() }
      }
    }
    #expect(throws: GuardedCallError<Refused>.self) {
      try breaker.run(now: { now }) { () throws(Refused) in Issue.record("was called") }
    }
    #expect(breaker.snapshot(at: now).counters.rejected == 1)
  }

  @Test func timeThatGoesBackChangesNothing() throws {
    let breaker = try Sample.openBreaker()
    #expect(throws: BreakerRejection.self) { _ = try breaker.permit(at: Sample.second(-100)) }
    let probe = try breaker.permit(at: over)
    let probeCounted = probe.settle(.success, at: Sample.second(-100))
    #expect(probeCounted)
    #expect(breaker.snapshot(at: Sample.second(-100)).state == .halfOpen(opening: 1))
  }

  @Test func anObserverHearsOfEveryChangeWithItsReason() throws {
    let heard = Mutex<[BreakerTransition]>([])
    let breaker = try Sample.breaker { transition in heard.withLock { $0.append(transition) } }
    for _ in 0..<2 {
      try breaker.permit(at: Sample.second(0)).settle(.failure, at: Sample.second(0))
    }
    for _ in 0..<2 { try breaker.permit(at: over).settle(.success, at: over) }
    breaker.operate(.forceOpen, at: over)
    let transitions = heard.withLock { $0 }
    #expect(transitions.map(\.to.name) == ["open", "half-open", "closed", "forced open"])
    #expect(
      transitions.map(\.cause) == [
        .failureRate(1), .waitOver, .probesSucceeded, .command(.forceOpen),
      ])
    #expect(transitions.map(\.generation) == [1, 2, 3, 4])
  }
}
