import Credentials
import Domain
import Messages
import Resilience
import Synchronization
import Testing
import Transport

@testable import Node

@Suite("Who may call what")
struct AccessTests {
  @Test("every method of the protocol has one rule, and every rule has its method")
  func complete() {
    let rules = MethodRules.table.map(\.method)
    #expect(Set(rules).count == rules.count)
    #expect(rules.sorted() == MessageRegistry.methods.map(\.path).sorted())
  }

  @Test("a node with a method that has no rule does not start")
  func bare() {
    #expect(throws: RPCError.self) {
      try MethodRules.checkComplete(["baedal.order.v1.OrderService/GiveItToMe"])
    }
    #expect(MethodRules.rule(for: "baedal.order.v1.OrderService/GiveItToMe") == nil)
  }

  @Test("what is for the caller's own names nobody else, however it is written; operators may")
  func own() throws {
    let details = try RegisterStoreRequest(details: StoreDetails(storeID: "s-2")).serialized()
    let page = try ListCustomerOrdersRequest(customerID: "s-2", limit: 3).serialized()
    for rule in MethodRules.table {
      guard case .own(let owner) = rule.ownership else { continue }
      let other = owner == [1, 1] ? details : page
      for role in Role.allCases where rule.admits(role) {
        func refusal(_ id: String, _ request: [UInt8]) -> StatusCode? {
          do throws(RPCError) { try rule.admit(Domain.Principal(role, id: id), request) } catch {
            return error.code
          }
          return nil
        }
        let isFree = role == .operator || role == .service
        let denied: StatusCode? = isFree ? nil : .permissionDenied
        #expect(refusal("s-2", other) == nil)
        #expect(refusal("s-2", []) == nil)
        #expect(refusal("s-1", other) == denied, "\(rule.method) by \(role)")
        // A field that comes twice counts as its last.
        let own = owner == [1, 1] ? [0x0A, 5, 0x0A, 3] : [0x0A, 3] as [UInt8]
        #expect(refusal("s-1", own + Array("s-1".utf8)) == nil)
        #expect(refusal("s-1", own + Array("s-1".utf8) + other) == denied)
        #expect(refusal("s-1", other + own + Array("s-1".utf8)) == denied)
        // Bits above a field's number are not read by every decoder.
        let wide = [0x8A, 0x80, 0x80, 0x80, 0x10, 3] + Array("s-2".utf8)
        let noText = own + [0x73, 0xff, 0x31]
        for bytes in [wide, noText] {
          #expect(refusal("s-1", bytes) == (isFree ? nil : .invalidArgument))
        }
      }
    }
  }

  @Test("a customer, store or rider has so many calls a second; operators and services are free")
  func limits() throws {
    let now = Mutex(Resilience.MonotonicInstant(nanoseconds: 0))
    let limiter = RateLimiter<Transport.Principal>(.init(perSecond: 10, burst: 3)) {
      now.withLock { $0 }
    }
    let eager = Transport.Principal(role: "customer", id: "c-1")
    func admit(_ principal: Transport.Principal) -> Duration? {
      do throws(RPCError) { try limiter.admit(principal) } catch {
        #expect(error.code == .resourceExhausted && error.unprocessed)
        return error.retryAfter ?? .zero
      }
      return nil
    }
    for _ in 0..<3 { #expect(admit(eager) == nil) }
    #expect(admit(eager) == .milliseconds(100))
    #expect(admit(Transport.Principal(role: "customer", id: "c-2")) == nil)
    for _ in 0..<100 {
      #expect(admit(Transport.Principal(role: "operator", id: "boss")) == nil)
      #expect(admit(Transport.Principal(role: "service", id: "order")) == nil)
    }
    now.withLock { $0 = Resilience.MonotonicInstant(nanoseconds: 100_000_000) }
    #expect(admit(eager) == nil)
    #expect(admit(eager) != nil)
    limiter.replace(.init(perSecond: 0, burst: 3))
    for _ in 0..<10 { #expect(admit(eager) == nil) }
  }

  @Test("an address has so many connections a second, and hears how long to wait")
  func connections() {
    let limiter = RateLimiter<String>(.init(perSecond: 2, burst: 1)) {
      Resilience.MonotonicInstant(nanoseconds: 0)
    }
    #expect(limiter.refusal(of: "192.0.2.1") == nil)
    let refusal = limiter.refusal(of: "192.0.2.1")
    #expect(refusal?.code == .resourceExhausted)
    #expect(refusal?.retryAfter == .milliseconds(500))
    #expect(limiter.refusal(of: "192.0.2.2") == nil)
  }
}

@Suite("Who a caller is")
struct NodeAccessTests {
  private let wall: Int64 = 1_795_400_000
  private let issuer: TokenIssuer
  private let keys: TokenKeys
  private let access: NodeAccess

  init() async throws {
    issuer = try TokenIssuer(keyID: "k")
    keys = try await TokenKeys(try issuer.added(to: nil))
    let wall = wall
    access = NodeAccess(
      NodeConfig(), keys: keys, wallClock: { wall },
      clock: TransportClock(now: { Transport.MonotonicInstant(nanoseconds: 0) }, sleep: { _ in }))
  }

  private func outcome(
    _ role: String, _ id: String, token: String
  ) async -> Result<Identity, RPCError> {
    let claim = ClientCredentials(
      principal: Transport.Principal(role: role, id: id), token: Array(token.utf8))
    do throws(RPCError) {
      _ = try access.authenticate(claim, Peer(address: "test"))
      guard let verify = access.verify else { return .success(Identity(.anonymous)) }
      return .success(try await verify(claim, Peer(address: "test")))
    } catch { return .failure(error) }
  }

  private func token(_ role: String, _ id: String, lasting: Int64 = 60) async throws -> String {
    try await issuer.issue(
      TokenClaims(role: role, subject: id, issued: wall, lasting: lasting))
  }

  @Test("is whom the token says, whether the hello says it too or nothing")
  func token() async throws {
    let token = try await token("customer", "c-1")
    for (role, id) in [("customer", "c-1"), ("", "")] {
      let identity = try await outcome(role, id, token: token).get()
      #expect(identity.principal == Transport.Principal(role: "customer", id: "c-1"))
    }
  }

  @Test("is refused when the hello claims another role or id than the token, or has none")
  func forged() async throws {
    let token = try await token("customer", "c-1")
    for (role, id) in [("operator", "boss"), ("customer", "c-2"), ("service", "order")] {
      guard case .failure(let error) = await outcome(role, id, token: token) else {
        Issue.record("\(role):\(id) was believed")
        continue
      }
      #expect(error.code == .unauthenticated)
      #expect(error.message == "this token is not taken")
    }
    guard case .failure(let error) = await outcome("customer", "c-1", token: "") else {
      Issue.record("believed without a token")
      return
    }
    #expect(error.code == .unauthenticated)
  }

  @Test("is no operator by an empty token, also where the operators' token is empty")
  func emptyToken() async throws {
    var config = NodeConfig()
    config.access.operatorToken = Secret("")
    for keys in [keys, nil] {
      let access = NodeAccess(config, keys: keys)
      for role in ["operator", "service"] {
        let claim = ClientCredentials(principal: Transport.Principal(role: role, id: "x"))
        let error = #expect(throws: RPCError.self) {
          try access.authenticate(claim, Peer(address: "test"))
        }
        #expect(error?.code == .unauthenticated, "\(role)")
      }
    }
  }

  @Test("is nobody in particular when it claims nothing")
  func anonymous() async throws {
    #expect(try await outcome("", "", token: "").get().principal == .anonymous)
  }

  @Test("is no longer believed once the token has expired, or its key is gone")
  func later() async throws {
    let identity = try await outcome(
      "customer", "c-1", token: try await token("customer", "c-1", lasting: 60)
    ).get()
    let problem = try #require(identity.problem)
    #expect(problem(Transport.MonotonicInstant(nanoseconds: 59_000_000_000)) == nil)
    #expect(
      problem(Transport.MonotonicInstant(nanoseconds: 60_000_000_000))?.code == .unauthenticated)
    try await keys.replace(try TokenIssuer(keyID: "other").added(to: nil))
    #expect(problem(Transport.MonotonicInstant(nanoseconds: 0))?.code == .unauthenticated)
  }
}
