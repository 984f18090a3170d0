import Domain
import Services
import Testing

@testable import ProviderHTTP

@Suite("Charging a provider over HTTPS")
struct ChargeTests {
  @Test(
    "an expiring key is confirmed and a billing key is charged, once, with our key as order id",
    arguments: ["once:pk_1", "billing:cust-1:bk~1"])
  func approved(method: String) async throws {
    try await withShop(Shop()) { shop in
      let charge = try Shop.charge(method: method)
      let outcome = await shop.provider.charge(charge)
      guard case .approved(let reference, let amount) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(amount == charge.amount)
      let books = try await shop.standIn.books
      #expect(books.captures == ["order-0001": 1])
      #expect(books.payments["order-0001"]?.totalAmount == 24_000)
      #expect(books.payments["order-0001"]?.paymentKey == reference.rawValue)
      #expect(books.requests.count == 1)
      #expect(await shop.provider.outcome(of: charge) == outcome)
    }
  }

  @Test("the same attempt twice charges once and has one answer; so does another attempt")
  func twice() async throws {
    try await withShop(Shop()) { shop in
      let first = await shop.provider.charge(try Shop.charge())
      #expect(first.kind == .approved)
      #expect(try await shop.provider.charge(Shop.charge()) == first)
      // Under its own idempotency key the provider refuses it, and is asked.
      #expect(try await shop.provider.charge(Shop.charge(attempt: 2)) == first)
      let billing = try Shop.charge("order-0002", method: "billing:cust-1:bk")
      let second = await shop.provider.charge(billing)
      let again = try Shop.charge("order-0002", attempt: 2, method: "billing:cust-1:bk")
      #expect(await shop.provider.charge(again) == second)
      let books = try await shop.standIn.books
      #expect(books.captures == ["order-0001": 1, "order-0002": 1])
      let keys = books.requests.filter { $0.method == "POST" }.map(\.key)
      #expect(Set(keys.prefix(3)).count == 2)
      #expect(keys.allSatisfy { !$0.isEmpty })
    }
  }

  @Test(
    "a card that is refused, a key that has expired and a method that is none are declined",
    arguments: [
      ("once:declined_1", "REJECT_CARD_PAYMENT"), ("once:expired_1", "NOT_FOUND_PAYMENT_SESSION"),
      ("card-1", "neither"), ("once:", "neither"), ("billing:cust", "neither"),
      ("once:a:b", "neither"), ("billing:cust:..", "neither"),
    ])
  func declined(method: String, says: String) async throws {
    try await withShop(Shop()) { shop in
      let outcome = await shop.provider.charge(try Shop.charge(method: method))
      guard case .declined(let reason) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(reason.contains(says))
      #expect(try await shop.standIn.books.captures.isEmpty)
    }
  }

  @Test(
    "what the provider certainly did not do is not charged, and tells when to come back",
    arguments: [
      ("429", 7), ("503", 1), ("code:400:PROVIDER_ERROR", 1), ("code:400:INVALID_API_KEY", 60),
    ])
  func notCharged(mode: String, seconds: Int64) async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: [mode]))
      let outcome = await shop.provider.charge(try Shop.charge())
      guard case .notCharged(_, let retryAfter) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(retryAfter == .seconds(seconds))
      #expect(try await shop.standIn.books.captures.isEmpty)
      // The next attempt is a new one to the provider too.
      #expect(try await shop.provider.charge(Shop.charge(attempt: 2)).kind == .approved)
    }
  }

  @Test("a wrong secret charges nobody, and parks instead of declining")
  func wrongSecret() async throws {
    try await withShop(Shop(secret: "test_sk_wrong")) { shop in
      let charge = try Shop.charge()
      #expect(await shop.provider.charge(charge).kind == .notCharged)
      let books = try await shop.standIn.books
      #expect(books.captures.isEmpty)
      #expect(books.requests.map(\.known) == [false])
    }
  }

  @Test(
    "an answer that is lost or makes no sense is unknown, and asking finds what was captured",
    arguments: [
      "reset-after", "500-after", "garbage", "truncated", "huge", "wrong-amount", "wrong-order",
      "wrong-key", "in-progress",
    ])
  func lostAfterCharging(mode: String) async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: [mode]))
      let charge = try Shop.charge()
      let outcome = await shop.provider.charge(charge)
      #expect(outcome.kind == .unknown, "\(outcome)")
      #expect(try await shop.standIn.books.captures == ["order-0001": 1])
      let asked = await shop.provider.outcome(of: charge)
      #expect(
        asked == .approved(ProviderReference(validated: "pk_order-0001"), amount: charge.amount))
    }
  }

  @Test(
    "what broke before charging is unknown too, until the provider has not known it for long",
    arguments: ["reset-before", "500-before", "503-plain", "redirect"])
  func lostBeforeCharging(mode: String) async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: [mode]))
      let charge = try Shop.charge()
      #expect(await shop.provider.charge(charge).kind == .unknown)
      #expect(await shop.provider.outcome(of: charge).kind == .unknown)
      shop.clock.advance(by: Shop.notFoundFinal)
      #expect(await shop.provider.outcome(of: charge).kind == .unknown)
      shop.clock.advance(by: Shop.timeout)
      #expect(await shop.provider.outcome(of: charge).kind == .notCharged)
      let books = try await shop.standIn.books
      #expect(books.captures.isEmpty)
      #expect(books.requests.allSatisfy { $0.path != "/v1/elsewhere" })
    }
  }

  @Test("a payment that is there already is approved with what the provider's books say")
  func already() async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: ["already", "captures-less"]))
      #expect(try await shop.provider.charge(Shop.charge()).kind == .approved)
      // An amount that was not asked for is never taken for the one that was.
      let charge = try Shop.charge("order-0002")
      #expect(await shop.provider.charge(charge).kind == .unknown)
      let captured = try Won(23_000)
      #expect(
        await shop.provider.outcome(of: charge)
          == .approved(ProviderReference(validated: "pk_order-0002"), amount: captured))
    }
  }

  @Test("an answer that comes twice is one, and never the answer to the next request")
  func answeredTwice() async throws {
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: ["twice"]))
      let first = try Shop.charge()
      #expect(await shop.provider.charge(first).kind == .approved)
      // On the same connection, unless the surplus was noticed before.
      let next = try Shop.charge("order-0002")
      let outcome = await shop.provider.charge(next)
      let captures = try await shop.standIn.books.captures
      #expect(captures["order-0001"] == 1)
      switch outcome {
      case .approved(let reference, let amount):
        #expect(reference.rawValue == "pk_order-0002" && amount == next.amount)
        #expect(captures["order-0002"] == 1)
      case .notCharged: #expect(captures["order-0002"] == nil)
      case .unknown: break
      case .declined: Issue.record("\(outcome)")
      }
    }
  }

  @Test("keys of ours that are no order ids at the provider have one each")
  func orderIDs() async throws {
    for key in ["a", "a.b.c.d", "a:b-c~d.e"] {
      let id = ProviderOrderID(try PaymentKey(key)).text
      #expect((6...64).contains(id.utf8.count))
      #expect(id.hasPrefix("key="))
      #expect(id == ProviderOrderID(PaymentKey(validated: key)).text)
    }
    #expect(ProviderOrderID(PaymentKey(validated: "o0123456789abcdef")).text == "o0123456789abcdef")
    #expect(
      Set(["a.b.c.d", "a.b.c-d", "a"].map { ProviderOrderID(PaymentKey(validated: $0)) }).count
        == 3)
  }
}
