import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("A node with a real payment provider, over HTTPS")
  struct ProviderTests {
    @Test("a lost answer is asked about and the order placed; cancelling gives everything back")
    func lostAnswer() async throws {
      try await withProvider { town, provider in
        let order = try await town.place(Town.request("lost", method: "once:lost_1"))
        // Or placed already, if asking was quicker than the answer on its way here.
        #expect(order.state == .paymentUnknown || order.state == .placed)
        try await town.order(order.orderID, reaches: .placed)
        #expect(try await town.payment(of: order.orderID).capturedWon == Town.total)
        let books = try provider.books
        #expect(books.captures == [order.orderID: 1])
        #expect(books.requests.map(\.method).prefix(2) == ["POST", "GET"])

        #expect(try await town.cancel(order.orderID).state == .cancelled)
        let payment = try await town.settledPayment(of: order.orderID)
        #expect(payment.refundedWon == Town.total)
        let booked = try #require(try provider.books.payments[order.orderID])
        #expect(booked.status == "CANCELED")
        #expect(booked.balanceAmount == 0)
        #expect(booked.cancels?.count == 1)
        #expect(try await town.audit().violations.isEmpty)
      }
    }

    @Test("a stored card is charged, a part given back, and an expired key declined")
    func partialRefund() async throws {
      try await withProvider { town, provider in
        let order = try await town.place(Town.request("part", method: "billing:c-1:bk_1"))
        #expect(order.state == .placed)
        let refund = RefundRequest(
          paymentKey: order.orderID, refundKey: "cola", amountWon: 5_000, reason: "품절",
          bearer: .store)
        for _ in 0..<2 {
          let answer = try await town.boss.call(PaymentServiceMethods.refund, refund)
          #expect(answer.payment?.refundedWon == 5_000)
        }
        let booked = try #require(try provider.books.payments[order.orderID])
        #expect(booked.status == "PARTIAL_CANCELED")
        #expect(booked.balanceAmount == Town.total - 5_000)

        let expired = try await town.place(Town.request("expired", method: "once:expired_1"))
        #expect(expired.state == .rejected)
        #expect(try provider.books.captures == [order.orderID: 1])
        await expect(code: .failedPrecondition) {
          _ = try await town.boss.call(
            PaymentServiceMethods.getSimulator, GetSimulatorRequest())
        }
        #expect(try await town.audit().violations.isEmpty)
      }
    }

    @Test("an order that was parked is paid with a new key that the customer got for it")
    func paidAnew() async throws {
      try await withProvider { town, provider in
        let parked = try await town.place(Town.request("anew", method: "once:later_1"))
        #expect(parked.state == .awaitingPayment)
        #expect(try provider.books.captures.isEmpty)
        let pay = PayOrderRequest(orderID: parked.orderID, paymentMethod: "once:pk_2")
        let paid = try await town.customer.call(OrderServiceMethods.payOrder, pay)
        #expect(paid.order?.state == .placed)
        #expect(try provider.books.captures == [parked.orderID: 1])
        #expect(try provider.books.payments[parked.orderID]?.paymentKey == "pk_2")
      }
    }

    @Test("a provider that is gone charges nobody, and orders are parked")
    func gone() async throws {
      try await withProvider { town, provider in
        provider.child.kill()
        let order = try await town.place(Town.request("gone", method: "billing:c-1:bk_1"))
        #expect(order.state == .awaitingPayment)
        #expect(try await town.payment(of: order.orderID).state == .notCharged)
      }
    }

    /// A town whose node takes money at a stand-in; what the node says never holds the secret.
    private func withProvider(_ body: (Town, Provider) async throws -> Void) async throws {
      let site = try Site()
      let provider = try await Provider(site)
      let node = try await site.start(provider.config)
      defer { node.kill() }
      let town = Town(node)
      do {
        try await town.open()
        try await body(town, provider)
      } catch {
        Issue.record("the node's log ends with: \(node.child.errors.suffix(2000))")
        await town.close()
        throw error
      }
      await town.close()
      #expect(try await node.stop() == .exit(0))
      #expect(!(node.child.output + node.child.errors).contains(Provider.secret))
    }
  }
}

/// The stand-in for a provider that `ProviderHTTPTests` has, as a process of its own.
private struct Provider {
  struct Books: Decodable {
    struct Payment: Decodable {
      struct Cancel: Decodable {
        let cancelAmount: Int64
      }

      let paymentKey: String
      let status: String
      let balanceAmount: Int64
      let cancels: [Cancel]?
    }

    struct Request: Decodable {
      let method: String
    }

    let payments: [String: Payment]
    let captures: [String: Int]
    let requests: [Request]
  }

  static let secret = "test_sk_Zq9vX2mLr7Kp"

  let child: Child
  /// A node's configuration.
  let config: String
  private let booksPath: String

  init(_ site: Site) async throws {
    let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("ProviderHTTPTests/python").path
    let certificates = try Child(
      ["sh", "\(python)/certificates.sh", site.folder], logs: site.folder, name: "certificates")
    let made = try await certificates.end()
    try #require(made == .exit(0), "\(certificates.errors)")
    booksPath = "\(site.folder)/books.json"
    let child = try Child(
      [
        "python3", "\(python)/stand_in.py", "--certificate", "\(site.folder)/loopback.pem", "--key",
        "\(site.folder)/loopback.key", "--books", booksPath, "--seconds", "600",
      ], environment: ["STAND_IN_SECRET": Self.secret], logs: site.folder, name: "stand-in")
    struct Ports: Decodable {
      let api: Int
    }
    let ports = try await eventually("stand-in that listens") {
      try? JSONDecoder().decode(Ports.self, from: Data(child.output.utf8))
    }
    self.child = child
    let secret = try site.write(Self.secret + "\n", as: "secret")
    config = """
      payment:
        provider: http
        call_timeout_ms: 60000
        http:
          url: https://127.0.0.1:\(ports.api)
          secret_file: \(secret)
          ca_file: \(site.folder)/authority.pem
          connect_timeout_ms: 60000
      deadlines:
        ask_again_s: 0.2
        refund_retry_s: 0.2
      """
  }

  var books: Books {
    get throws {
      try JSONDecoder().decode(Books.self, from: Data(contentsOf: URL(filePath: booksPath)))
    }
  }
}
