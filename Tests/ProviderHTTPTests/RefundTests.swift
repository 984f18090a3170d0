import Domain
import Services
import Testing

@testable import ProviderHTTP

@Suite("Giving back at a provider over HTTPS")
struct RefundTests {
  /// Runs a test on an order of 24,000 won that is paid.
  private func paid(_ body: (Shop) async throws -> Void) async throws {
    try await withShop(Shop()) { shop in
      try #require(try await shop.provider.charge(Shop.charge()).kind == .approved)
      try await body(shop)
    }
  }

  private func balance(_ shop: Shop) async throws -> Int64? {
    try await shop.standIn.books.payments["order-0001"]?.balanceAmount
  }

  @Test("a part, another part and the rest, each once however often it is asked for")
  func parts() async throws {
    try await paid { shop in
      var references: [ProviderRefundOutcome] = []
      for (key, won) in [("one", Int64(4_500)), ("two", 4_500), ("rest", 15_000)] {
        let refund = try Shop.refund(key, won: won)
        let outcome = await shop.provider.refund(refund)
        #expect(outcome.isDone, "\(outcome)")
        #expect(await shop.provider.refund(refund) == outcome)
        references.append(outcome)
      }
      #expect(Set(references).count == 3)
      let payment = try #require(try await shop.standIn.books.payments["order-0001"])
      #expect(payment.status == "CANCELED")
      #expect(payment.cancels?.map(\.cancelAmount) == [4_500, 4_500, 15_000])
    }
  }

  @Test(
    "a refund whose answer was lost is done once, with the same key",
    arguments: [
      "reset-after", "500-after", "garbage", "truncated", "huge", "canceled-already",
    ])
  func lostAnswer(mode: String) async throws {
    try await paid { shop in
      try await shop.standIn.behave(.init(cancel: [mode]))
      let refund = try Shop.refund("part", won: 4_500)
      let first = await shop.provider.refund(refund)
      #expect(first.isDone == (mode == "canceled-already"), "\(first)")
      #expect(await shop.provider.refund(refund).isDone)
      #expect(try await balance(shop) == 19_500)
    }
  }

  @Test(
    "a refund that did not arrive is asked for again under the same idempotency key",
    arguments: ["reset-before", "429", "code:409:IDEMPOTENT_REQUEST_PROCESSING"])
  func notArrived(mode: String) async throws {
    try await paid { shop in
      try await shop.standIn.behave(.init(cancel: [mode]))
      let refund = try Shop.refund("part", won: 4_500)
      #expect(await shop.provider.refund(refund).isDone == false)
      _ = await shop.provider.refund(refund)
      let keys = try await cancelKeys(shop)
      #expect(keys.count == 2 && Set(keys).count == 1)
    }
  }

  @Test("a refusal is kept by the provider under its key, so the next try has another")
  func refused() async throws {
    try await paid { shop in
      try await shop.standIn.behave(.init(cancel: ["code:403:NOT_AVAILABLE_BANK"]))
      let refund = try Shop.refund("part", won: 4_500)
      #expect(await shop.provider.refund(refund).isDone == false)
      #expect(await shop.provider.refund(refund).isDone)
      #expect(try await balance(shop) == 19_500)
      #expect(try await Set(cancelKeys(shop)).count == 2)
    }
  }

  @Test(
    "a refund that arrives after it was given up on, and was done anew, is done once",
    arguments: [false, true])
  func arrivesLate(keysAreForgotten: Bool) async throws {
    try await paid { shop in
      try await shop.standIn.behave(.init(cancel: ["hold-before"]))
      let refund = try Shop.refund("part", won: 4_500)
      async let first = shop.provider.refund(refund)
      try await shop.standIn.holds()
      shop.clock.advance(by: Shop.timeout)
      #expect(await first.isDone == false)
      #expect(await shop.provider.refund(refund).isDone)
      if keysAreForgotten { try await shop.standIn.forgetKeys() }
      try await shop.standIn.releaseAndAct()
      #expect(try await shop.provider.refund(Shop.refund("other", won: 500)).isDone)
      #expect(try await balance(shop) == 19_000)
    }
  }

  @Test("a refund of more than is left, or of what is not there, fails and can be asked for again")
  func impossible() async throws {
    try await paid { shop in
      #expect(try await shop.provider.refund(Shop.refund("more", won: 24_001)).isDone == false)
      let other = try Shop.refund("none", won: 1, of: "order-0009")
      #expect(await shop.provider.refund(other).isDone == false)
      // Somebody cancelled at the provider; that is not our refund.
      try await shop.standIn.set("order-0001", status: "CANCELED", total: 24_000, balance: 0)
      #expect(try await shop.provider.refund(Shop.refund("ours", won: 24_000)).isDone == false)
    }
  }

  private func cancelKeys(_ shop: Shop) async throws -> [String] {
    try await shop.standIn.books.requests.filter { $0.path.hasSuffix("/cancel") }.map(\.key)
  }
}

extension ProviderRefundOutcome {
  fileprivate var isDone: Bool {
    if case .refunded = self { true } else { false }
  }
}
