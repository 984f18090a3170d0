import Testing

@testable import Domain

/// Payments in every phase, and every command.
enum PaymentSamples {
  static let attempting: [PaymentEvent] = [
    .requested(Sample.request()), .attempted(attempt: 1, method: nil),
  ]
  static let approved: [PaymentEvent] =
    attempting + [.approved(attempt: 1, reference: Sample.capture, amount: Sample.total)]
  static let declined = attempting + [.declined(attempt: 1, reason: "no cover")]
  static let notCharged = attempting + [.notCharged(attempt: 1, reason: "busy")]
  static let unknown = attempting + [.unknown(attempt: 1, reason: "timeout")]
  static let voided: [PaymentEvent] = [.voided(reason: "cancelled")]
  static let voidedOutstanding = unknown + [.voided(reason: "cancelled")]
  static let refunding = approved + [refund("a", 8000)]
  static let partlyRefunded = refunding + [refunded("a", 8000)]
  static let refunded = approved + [refund("void", 26_000), refunded("void", 26_000)]
  static let settled = approved + [.settled(kept: Sample.total)]

  static func refund(_ key: String, _ amount: Int64) -> PaymentEvent {
    .refundRequested(
      key: RefundKey(validated: key), amount: won(amount), reason: "", bearer: .store)
  }
  static func refunded(_ key: String, _ amount: Int64) -> PaymentEvent {
    .refunded(
      key: RefundKey(validated: key), amount: won(amount),
      reference: ProviderReference(validated: "back-\(key)"))
  }

  static let histories: [[PaymentEvent]] = [
    [], attempting, approved, declined, notCharged,
    notCharged + [.attempted(attempt: 2, method: nil)],
    unknown, voided, notCharged + [.voided(reason: "")], voidedOutstanding,
    attempting + [.voided(reason: "")],
    notCharged + [.attempted(attempt: 2, method: nil), .voided(reason: "")], refunding,
    partlyRefunded,
    refunding + [refund("b", 18_000)],
    refunding + [refund("b", 18_000), refunded("a", 8000)],
    approved + [refund("all", 26_000)],
    approved + [refund("all", 26_000), refunded("all", 26_000)], refunded, settled,
    settled + [refund("a", 8000)],
    settled + [refund("a", 8000), refunded("a", 8000)], refunding + [.settled(kept: won(18_000))],
  ]

  static func requestRefund(
    _ key: String, _ amount: Int64, bearer: RefundBearer = .store
  ) -> PaymentCommand {
    .requestRefund(
      key: RefundKey(validated: key), amount: won(amount), reason: "sold out", bearer: bearer)
  }
  static func recordRefunded(_ key: String) -> PaymentCommand {
    .recordRefunded(
      key: RefundKey(validated: key), reference: ProviderReference(validated: "back-\(key)"))
  }

  static let commands: [PaymentCommand] = [
    .charge(Sample.request()), .charge(Sample.request(amount: won(1))),
    .charge(Sample.request(amount: .zero)),
    .recordApproved(attempt: 1, reference: Sample.capture, amount: Sample.total),
    .recordApproved(attempt: 2, reference: Sample.capture, amount: Sample.total),
    .recordApproved(attempt: 1, reference: Sample.capture, amount: won(99)),
    .recordApproved(
      attempt: 1, reference: ProviderReference(validated: "prov-2"), amount: Sample.total),
    .recordDeclined(attempt: 1, reason: "no cover"),
    .recordDeclined(attempt: 2, reason: "no cover"), .recordNotCharged(attempt: 1, reason: "busy"),
    .recordNotCharged(attempt: 2, reason: "busy"), .recordUnknown(attempt: 1, reason: "timeout"),
    .recordUnknown(attempt: 0, reason: "timeout"), .recordUnknown(attempt: 2, reason: "timeout"),
    .void(reason: "cancelled"), requestRefund("a", 8000), requestRefund("a", 1),
    requestRefund("b", 5000), requestRefund("b", 0), requestRefund("b", 26_001),
    requestRefund("void", 1), requestRefund("all", 26_000), recordRefunded("a"),
    recordRefunded("b"), recordRefunded("all"), recordRefunded("void"),
    .recordRefundFailed(key: RefundKey(validated: "a"), reason: "down"),
    .recordRefundFailed(key: .void, reason: "down"), .settle,
  ]
}

@Suite("Payment")
struct PaymentTests {
  private func decide(
    _ command: PaymentCommand, _ history: [PaymentEvent], by role: Role = .service
  ) throws(Rejection) -> [PaymentEvent] {
    let state = Payment.evolve(Payment.initial, history)
    return try Payment.decide(command, state: state, by: Sample.owner(role), at: Sample.now)
  }

  @Test("a payment takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let check = TableCheck<Payment>(
      situations: PaymentSamples.histories.map(Situation.init),
      commands: PaymentSamples.commands)
    check.expectExactly(
      """
      none charge service -> attempting
      notCharged charge service -> attempting
      attempting,unknown,notCharged recordApproved service -> approved
      attempting,unknown,notCharged recordApproved service -> refunding
      voided,voidedOutstanding,declined recordApproved service -> refunding
      attempting,unknown recordDeclined service -> declined
      attempting,unknown recordNotCharged service -> notCharged
      voidedOutstanding recordDeclined service -> voided
      voidedOutstanding recordNotCharged service -> voided
      attempting recordUnknown service -> unknown
      none,notCharged void service -> voided
      attempting,unknown void service -> voidedOutstanding
      approved void service -> refunding
      approved,settled requestRefund service,operator -> refunding
      refunding recordRefunded service -> approved
      refunding recordRefunded service -> settled
      refunding recordRefunded service -> refunded
      approved settle service -> settled
      """)
  }

  @Test("a charge that comes after the tombstone is refused")
  func tombstone() {
    let request = PaymentCommand.charge(Sample.request())
    for history in [PaymentSamples.voided, PaymentSamples.voidedOutstanding] {
      #expect(throwsCode(.illegalState) { try decide(request, history) })
    }
  }

  @Test("an approval that comes after the end is captured and given back, unasked")
  func lateApproval() throws {
    let late = PaymentCommand.recordApproved(
      attempt: 1, reference: Sample.capture, amount: Sample.total)
    let ended = [
      PaymentSamples.voided, PaymentSamples.voidedOutstanding, PaymentSamples.declined,
    ]
    for history in ended {
      let events = try decide(late, history)
      #expect(events.map(\.kind) == [.approved, .refundRequested])
      let state = Payment.evolve(Payment.initial, history + events)
      #expect(state.held == Sample.total && state.isBalanced)
      #expect(state.outstanding.count == 1)
      let done = Payment.evolve(
        state, try decide(PaymentSamples.recordRefunded("void"), history + events))
      #expect(done.phase == .refunded && done.held == .zero && done.refunded == Sample.total)
    }
  }

  @Test("a second capture under the same key is a conflict that somebody must look at")
  func doubleCapture() {
    let second = PaymentCommand.recordApproved(
      attempt: 1, reference: ProviderReference(validated: "prov-2"), amount: Sample.total)
    #expect(throwsCode(.conflict) { try decide(second, PaymentSamples.approved) })
  }

  @Test("an outcome of an attempt before the last one changes nothing")
  func staleOutcome() throws {
    let second = PaymentSamples.notCharged + [.attempted(attempt: 2, method: nil)]
    #expect(try decide(.recordDeclined(attempt: 1, reason: ""), second).isEmpty)
    #expect(try decide(.recordUnknown(attempt: 1, reason: ""), second).isEmpty)
    #expect(
      throwsCode(.invalid) {
        try decide(.recordUnknown(attempt: 3, reason: ""), second)
      })
  }

  @Test("partial refunds never add up to more than was captured")
  func partialRefunds() throws {
    var history = PaymentSamples.refunding
    history += try decide(PaymentSamples.requestRefund("b", 18_000), history, by: .operator)
    #expect(
      throwsCode(.invalid) {
        try decide(PaymentSamples.requestRefund("c", 1), history, by: .operator)
      })
    #expect(try decide(PaymentSamples.requestRefund("a", 8000), history).isEmpty)
    #expect(throwsCode(.conflict) { try decide(PaymentSamples.requestRefund("a", 1), history) })
  }

  @Test("the same refund that somebody else is to bear is a conflict")
  func otherBearer() {
    let other = PaymentSamples.requestRefund("a", 8000, bearer: .platform)
    for history in [PaymentSamples.refunding, PaymentSamples.partlyRefunded] {
      #expect(throwsCode(.conflict) { try decide(other, history, by: .operator) })
    }
  }

  @Test("an accepted offer gets what is left, and is never refused")
  func offerAfterRefunds() throws {
    var history = PaymentSamples.approved
    history += try decide(PaymentSamples.requestRefund("a", 20_000), history, by: .operator)
    #expect(
      throwsCode(.invalid) {
        try decide(PaymentSamples.requestRefund("offer-1", 1), history, by: .operator)
      })
    let offer = PaymentSamples.requestRefund("offer-1", 9000)
    let promised = try decide(offer, history)
    let given = PaymentEvent.refundRequested(
      key: .offer(1), amount: won(6000), reason: "sold out", bearer: .store)
    #expect(promised == [given])
    history += promised
    #expect(try decide(offer, history).isEmpty)
    #expect(try decide(PaymentSamples.requestRefund("offer-2", 1), history).isEmpty)
  }

  @Test("an order delivered while a refund is under way is settled, and the refund goes on")
  func settleWhileRefunding() throws {
    var history = PaymentSamples.refunding
    history += try decide(.settle, history)
    var state = Payment.evolve(Payment.initial, history)
    #expect(state.phase == .refunding && state.kept == won(18_000) && state.held == won(8000))
    state = Payment.evolve(state, try decide(PaymentSamples.recordRefunded("a"), history))
    #expect(state.phase == .settled && state.held == .zero && state.kept == won(18_000))
  }

  @Test("a void gives back what nobody asked back yet, once, and never nothing")
  func voidOnce() throws {
    let void = PaymentCommand.void(reason: "cancelled")
    let rest = try decide(void, PaymentSamples.refunding)
    #expect(rest.count == 1)
    let voided = PaymentSamples.refunding + rest
    #expect(Payment.evolve(Payment.initial, voided).remaining == .zero)
    #expect(try decide(void, voided).isEmpty)
    let allAsked = PaymentSamples.approved + [PaymentSamples.refund("all", 26_000)]
    #expect(try decide(void, allAsked).isEmpty)
    let settled = PaymentSamples.refunding + [.settled(kept: won(18_000))]
    #expect(try decide(void, settled).isEmpty)
  }

  @Test("a refund that failed stays to be done")
  func refundFailed() throws {
    let events = try decide(
      .recordRefundFailed(key: RefundKey(validated: "a"), reason: "down"),
      PaymentSamples.refunding)
    let state = Payment.evolve(Payment.initial, PaymentSamples.refunding + events)
    #expect(state.refunds.first?.failures == 1)
    #expect(state.outstanding == state.refunds.map { .refund($0) })
  }

  @Test("the number of refunds of one payment is bounded, and a void still goes through")
  func refundsMax() throws {
    var history = PaymentSamples.approved
    for number in 0..<Payment.refundsMax {
      history += try decide(PaymentSamples.requestRefund("r-\(number)", 1), history)
    }
    #expect(throwsCode(.invalid) { try decide(PaymentSamples.requestRefund("more", 1), history) })
    #expect(try decide(.void(reason: "cancelled"), history).count == 1)
  }

  @Test("no event whatever, in no state, unbalances the books")
  func anyEventInAnyState() {
    let events = PaymentSamples.histories.flatMap { $0 }
    for history in PaymentSamples.histories {
      let state = Payment.evolve(Payment.initial, history)
      for event in events { #expect(Payment.evolve(state, event).isBalanced) }
    }
  }

  @Test("captured = kept + refunded + held after every step of 20,000 random lives")
  func moneyInvariant() {
    var captured = 0
    for seed in 0..<20_000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var state = Payment.initial
      var books = PaymentBooks()
      var captures: Set<ProviderReference> = []
      for _ in 0..<24 {
        guard let command = PaymentSamples.commands.randomElement(using: &generator),
          let events = try? Payment.decide(
            command, state: state, by: .service("s"), at: Sample.now)
        else { continue }
        for event in events {
          if case .approved(_, let reference, _) = event { captures.insert(reference) }
          let next = Payment.evolve(state, event)
          // `#expect` at each of half a million steps would be most of the time.
          if next == state { Issue.record("seed \(seed): \(event) changes nothing in \(state)") }
          books.enter(event)
          state = next
        }
        books.compare(with: state)
        if let flaw = books.flaw ?? flaw(in: state) {
          Issue.record("seed \(seed): \(flaw) in \(state)")
        }
      }
      #expect(captures.count <= 1, "seed \(seed): captured twice")
      captured += captures.count
    }
    #expect(captured > 5000, "the random lives hardly ever paid: \(captured)")
  }

  private func flaw(in state: PaymentState) -> String? {
    if !state.isBalanced { return "captured is not kept + refunded + held" }
    if state.refunds.contains(where: { $0.amount == .zero }) { return "a refund of nothing" }
    let mayHold = state.phase == .approved || state.phase == .refunding
    if !mayHold, state.held != .zero { return "\(state.held) held" }
    if state.phase == .refunding, state.outstanding.isEmpty { return "nothing left to refund" }
    if state.phase == .refunded, state.refunded != state.captured { return "not all refunded" }
    return nil
  }
}
