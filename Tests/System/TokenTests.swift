import Credentials
import Foundation
import Messages
import Node
import Testing
import Transport

extension SystemTests {
  @Suite("A node that believes tokens only")
  struct TokenTests {
    @Test("carries an order for people who show theirs")
    func road() async throws {
      let (site, issuer) = try Self.site()
      let node = try await site.start("access: {token_keys_file: \(site.folder)/keys.json}")
      defer { node.kill() }
      func person(_ role: String, _ id: String) async throws -> Person {
        Person(role, id, of: node.port, token: try await Self.token(issuer, role, id))
      }
      let town = Town(
        node.port, customer: try await person("customer", "c-1"),
        owner: try await person("store", Town.store),
        rider: try await person("rider", Town.riderID),
        boss: try await person("operator", "boss"))
      try await town.open()
      let order = try await town.placed("with tokens")
      try await town.acceptAndConfirm(order.orderID)
      try await town.cook(order.orderID)
      try await town.deliver(order.orderID)
      #expect(try await town.audit().violations == [])
      await town.close()
    }

    @Test("refuses every attack on its list, tells nothing, logs it, and goes on")
    func attacks() async throws {
      let (site, issuer) = try Self.site()
      let node = try await site.start("access: {token_keys_file: \(site.folder)/keys.json}")
      defer { node.kill() }
      let good = try await Self.token(issuer, "customer", "c-1")
      let expired = try await issuer.issue(
        TokenClaims(
          role: "operator", subject: "boss", issued: NodeTLS.systemSeconds() - 7200, lasting: 3600))
      let stranger = try await Self.token(TokenIssuer(keyID: "k-1"), "operator", "boss")
      let parts = good.split(separator: ".").map(String.init)
      let none = #"{"alg":"none","typ":"JWT","kid":"k-1"}"#
      let attacks: [(String, String, String, String)] = [
        ("expired", "operator", "boss", expired),
        ("signed by a stranger's key of the same name", "operator", "boss", stranger),
        ("a customer's token, a forged role", "operator", "boss", good),
        ("another customer", "customer", "c-2", good),
        ("a customer as a service", "service", "order", good),
        ("no token", "operator", "boss", ""),
        ("no signature", "customer", "c-1", "\(Self.base64URL(none)).\(parts[1])."),
        ("nonsense", "customer", "c-1", String(repeating: "x", count: 3000)),
        ("too long", "customer", "c-1", String(repeating: "x.", count: 4000)),
      ]
      for (name, role, id, token) in attacks {
        let attacker = Person(role, id, of: node.port, token: token)
        do throws(RPCError) {
          _ = try await attacker.call(AdminServiceMethods.getNode, GetNodeRequest())
          Issue.record("\(name): was let in")
        } catch {
          #expect(error.code == .unauthenticated, "\(name): \(error)")
          #expect(
            ["show a token", "this token is not taken"].contains(error.message), "\(name): \(error)"
          )
        }
        await attacker.close()
      }
      #expect(node.child.errors.contains("expired"))
      #expect(node.child.errors.contains("the signature does not fit"))
      #expect(node.child.errors.contains("customer:c-1, whose bearer claims to be operator:boss"))
      // Who shows a token need not say in words whose it is.
      let chief = try site.write(try await Self.token(issuer, "operator", "chief"), as: "chief")
      let asked = try await site.run("node --token-file \(chief)", on: node)
      #expect(asked.ending == .exit(0), "\(asked)")
      let customer = Person("customer", "c-1", of: node.port, token: good)
      await expect(code: .permissionDenied) {
        _ = try await customer.call(JournalServiceMethods.getStatus, GetStatusRequest())
      }
      await expect(code: .permissionDenied) {
        _ = try await customer.call(PaymentServiceMethods.charge, ChargeRequest())
      }
      await expect(code: .notFound) {
        _ = try await customer.call(OrderServiceMethods.getOrder, GetOrderRequest(orderID: "o-9"))
      }
      await customer.close()
    }

    @Test("takes up new keys while it runs; tokens of a key that is gone are refused at once")
    func rotation() async throws {
      let (site, issuer) = try Self.site()
      let node = try await site.start(
        "reload: {interval_s: 0.05}\naccess: {token_keys_file: \(site.folder)/keys.json}")
      defer { node.kill() }
      let old = Person(
        "operator", "boss", of: node.port,
        token: try await Self.token(issuer, "operator", "boss"))
      _ = try await old.call(AdminServiceMethods.getNode, GetNodeRequest())
      let next = try TokenIssuer(keyID: "k-2")
      try Self.write(try next.added(to: nil), to: site)
      // Its connection is open, and was believed.
      try await until("refusal of a token whose key is gone") {
        do throws(RPCError) {
          _ = try await old.call(AdminServiceMethods.getNode, GetNodeRequest())
          return false
        } catch {
          #expect(error.code == .unauthenticated)
          return true
        }
      }
      await old.close()
      let new = Person(
        "operator", "boss", of: node.port, token: try await Self.token(next, "operator", "boss"))
      _ = try await new.call(AdminServiceMethods.getNode, GetNodeRequest())
      // A damaged set changes nothing.
      try Self.write("{", to: site)
      try await until("complaint about the damaged set") {
        node.child.errors.contains("no JSON Web Key Set")
      }
      _ = try await new.call(AdminServiceMethods.getNode, GetNodeRequest())
      await new.close()
    }

    @Test("counts the calls of each customer")
    func limits() async throws {
      let site = try Site()
      let node = try await site.start("access: {calls_per_second: 1, calls_burst: 5}")
      defer { node.kill() }
      let eager = Person("customer", "c-1", of: node.port)
      var refused = 0
      for _ in 0..<20 {
        do throws(RPCError) {
          _ = try await eager.call(DashboardServiceMethods.getLag, GetLagRequest())
        } catch {
          #expect(error.code == .resourceExhausted)
          #expect(error.retryAfter ?? .zero > .zero)
          refused += 1
        }
      }
      // On a slow machine some seconds may have passed.
      #expect(refused > 5)
      let other = Person("customer", "c-2", of: node.port)
      _ = try await other.call(DashboardServiceMethods.getLag, GetLagRequest())
      for person in [eager, other] { await person.close() }
    }

    private static func site() throws -> (Site, TokenIssuer) {
      let site = try Site()
      let issuer = try TokenIssuer(keyID: "k-1")
      try write(try issuer.added(to: nil), to: site)
      return (site, issuer)
    }

    private static func write(_ set: String, to site: Site) throws {
      try Data(set.utf8).write(
        to: URL(fileURLWithPath: "\(site.folder)/keys.json"), options: .atomic)
    }

    private static func token(
      _ issuer: TokenIssuer, _ role: String, _ id: String
    ) async throws -> String {
      try await issuer.issue(
        TokenClaims(role: role, subject: id, issued: NodeTLS.systemSeconds(), lasting: 3600))
    }

    private static func base64URL(_ text: String) -> String {
      Data(text.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
  }
}
