import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Cancel against accept")
  struct RaceTests {
    private static let orders = 100

    @Test("each of a hundred races ends in exactly one of two whole outcomes")
    func race() async throws {
      try await withTown(connections: 4) { town in
        let outcomes = try await withThrowingTaskGroup(of: OrderState.self) { group in
          for number in 0..<Self.orders {
            group.addTask { try await run(number, town) }
          }
          return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(Set(outcomes.keys) == [.cancelled, .cancelRequested], "hardly a race: \(outcomes)")
        #expect(try await town.audit().violations == [])
      }
    }

    /// One race; says what the cancel was answered with.
    private func run(_ number: Int, _ town: Town) async throws -> OrderState {
      let id = try await town.placed("race \(number)").orderID
      try await town.ticket(of: id, reaches: .received)
      async let cancelled = cancel(id, after: .milliseconds(number / 4), town)
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
