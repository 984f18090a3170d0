import Domain
import Services
import Testing

@testable import ProviderHTTP

@Suite("A provider that is slow, and what is certain then")
struct SlowTests {
  @Test("an answer that comes too late is unknown; asking finds the charge")
  func slowAfterCharging() async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: ["hold-after"]))
      let charge = try Shop.charge()
      async let outcome = shop.provider.charge(charge)
      try await shop.standIn.holds()
      shop.clock.advance(by: Shop.timeout)
      #expect(await outcome.kind == .unknown)
      #expect(await shop.provider.outcome(of: charge).kind == .approved)
      try await shop.standIn.release()
      #expect(try await shop.standIn.books.captures == ["order-0001": 1])
    }
  }

  @Test("a charge that arrives after everyone gave up on it is found, and charged once")
  func arrivesLate() async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: ["hold-before"]))
      let charge = try Shop.charge()
      async let outcome = shop.provider.charge(charge)
      try await shop.standIn.holds()
      shop.clock.advance(by: Shop.timeout)
      #expect(await outcome.kind == .unknown)
      #expect(await shop.provider.outcome(of: charge).kind == .unknown)
      try await shop.standIn.release()
      try await eventually("late charge") {
        try await shop.standIn.books.captures.isEmpty ? nil : true
      }
      #expect(await shop.provider.outcome(of: charge).kind == .approved)
      #expect(try await shop.standIn.books.captures == ["order-0001": 1])
    }
  }

  @Test("the same charge sent while the first is under way charges once")
  func whileUnderWay() async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(
        .init(charge: ["hold-before", "code:409:IDEMPOTENT_REQUEST_PROCESSING"]))
      let charge = try Shop.charge()
      async let first = shop.provider.charge(charge)
      try await shop.standIn.holds()
      #expect(try await shop.provider.charge(Shop.charge(attempt: 2)).kind == .unknown)
      try await shop.standIn.release()
      #expect(await first.kind == .approved)
      #expect(try await shop.standIn.books.captures == ["order-0001": 1])
    }
  }

  @Test("whoever waits for a connection in vain was not charged")
  func noConnection() async throws {
    try await withShop(Shop()) { shop in
      // Every connection there may be is taken.
      try await shop.standIn.behave(.init(charge: .init(repeating: "hold-before", count: 4)))
      try await withThrowingTaskGroup(of: ProviderOutcome.self) { group in
        for number in 1...4 {
          let charge = try Shop.charge("order-000\(number)")
          group.addTask { await shop.provider.charge(charge) }
        }
        try await shop.standIn.holds(4)
        let charge = try Shop.charge("order-0005")
        async let waiting = shop.provider.charge(charge)
        // Its time limit is set when it begins.
        try await eventually("fifth charge") { shop.clock.sleepers == 5 ? true : nil }
        shop.clock.advance(by: Shop.timeout)
        #expect(await waiting.kind == .notCharged)
        for try await outcome in group { #expect(outcome.kind == .unknown) }
      }
      try await shop.standIn.release()
      try await eventually("late charges") {
        try await shop.standIn.books.captures.count == 4 ? true : nil
      }
      #expect(try await shop.standIn.books.captures["order-0005"] == nil)
    }
  }

  @Test("a provider that does not answer questions leaves the outcome open")
  func unanswered() async throws {
    try await withShop(Shop()) { shop in
      let charge = try Shop.charge()
      #expect(await shop.provider.charge(charge).kind == .approved)
      try await shop.standIn.behave(
        .init(find: ["hold-before", "reset-before", "garbage", "wrong-order", "429", "500-before"]))
      async let outcome = shop.provider.outcome(of: charge)
      try await shop.standIn.holds()
      shop.clock.advance(by: Shop.timeout)
      #expect(await outcome.kind == .unknown)
      for _ in 1...5 { #expect(await shop.provider.outcome(of: charge).kind == .unknown) }
      #expect(await shop.provider.outcome(of: charge).kind == .approved)
      try await shop.standIn.release()
    }
  }

  @Test(
    "what the provider's books say decides an open attempt",
    arguments: [
      ("READY", 0, ProviderOutcome.Kind.unknown), ("IN_PROGRESS", 0, .unknown),
      ("WAITING_FOR_DEPOSIT", 0, .unknown), ("ABORTED", 0, .notCharged),
      ("EXPIRED", 0, .notCharged), ("CANCELED", 0, .declined), ("DONE", 24_000, .approved),
      ("PARTIAL_CANCELED", 4_000, .approved), ("SOMETHING_NEW", 0, .unknown),
    ])
  func statuses(status: String, balance: Int64, expected: ProviderOutcome.Kind) async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.set("order-0001", status: status, total: 24_000, balance: balance)
      let outcome = await shop.provider.outcome(of: try Shop.charge())
      #expect(outcome.kind == expected, "\(outcome)")
      if case .approved(_, let amount) = outcome { #expect(amount.amount == balance) }
    }
  }
}
