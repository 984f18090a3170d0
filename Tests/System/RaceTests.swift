import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Cancel against accept")
  struct RaceTests {
    private static let orders = 100
    private static let roundsMax = 8

    @Test("each of a hundred races ends in exactly one of two whole outcomes")
    func race() async throws {
      try await withTown(connections: 4) { town in
        var outcomes: [OrderState: Int] = [:]
        var spread = Duration.milliseconds(25)
        // On a busy machine acceptance takes longer: then the cancels come later, until some of
        // them come too late.
        for round in 0..<Self.roundsMax where outcomes.count < 2 {
          outcomes.merge(try await races(round, within: spread, town)) { $0 + $1 }
          spread = spread * 2
        }
        #expect(Set(outcomes.keys) == [.cancelled, .cancelRequested], "hardly a race: \(outcomes)")
        #expect(try await town.audit().violations == [])
      }
    }

    /// A hundred races, whose cancels are spread over that time; how often each outcome was seen.
    private func races(
      _ round: Int, within spread: Duration, _ town: Town
    ) async throws -> [OrderState: Int] {
      try await withThrowingTaskGroup(of: OrderState.self) { group in
        for number in 0..<Self.orders {
          let delay = spread * number / Self.orders
          group.addTask { try await run("race \(round) \(number)", cancelAfter: delay, town) }
        }
        return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
    }

    /// One race; says what the cancel was answered with.
    private func run(
      _ key: String, cancelAfter delay: Duration, _ town: Town
    ) async throws -> OrderState {
      let id = try await town.placed(key).orderID
      try await town.ticket(of: id, reaches: .received)
      async let cancelled = cancel(id, after: delay, town)
      // Refused when the cancel was there first.
      async let accepted: Void? = try? town.accept(id)
      let answer = try await cancelled
      _ = await accepted
      switch answer.state {
      case .cancelled:
        try await town.ticket(of: id, reaches: .withdrawn)
        let payment = try await town.settledPayment(of: id)
        #expect(payment.refundedWon == Town.total)
        #expect(payment.keptWon == 0)
        #expect(try await town.order(id).state == .cancelled)
      case .cancelRequested:
        try await town.ticket(of: id, reaches: .cancelAsked)
        let payment = try await town.payment(of: id)
        #expect(payment.heldWon == Town.total)
        #expect(payment.refundedWon == 0)
        #expect(try await town.order(id).state == .cancelRequested)
      default: Issue.record("the cancel was answered with \(answer)")
      }
      return answer.state
    }

    /// A little later each time, so that now the one and now the other comes first.
    private func cancel(
      _ id: String, after delay: Duration, _ town: Town
    ) async throws -> Messages.Order {
      try await Task.sleep(for: delay)
      return try await town.cancel(id)
    }
  }
}
