import Domain
import Foundation
import NIOPosix
import Services
import Testing
import Transport

@testable import ProviderHTTP

@Suite("Whom the adapter trusts, and what it tells")
struct TrustTests {
  @Test(
    "a certificate of another authority, for another host, or out of date: nothing is sent",
    arguments: [("loopback", "stranger"), ("elsewhere", "authority"), ("expired", "authority")])
  func wrongCertificate(certificate: String, authority: String) async throws {
    try await withShop(Shop(certificate: certificate, authority: authority)) { shop in
      let outcome = await shop.provider.charge(try Shop.charge())
      #expect(outcome.kind == .notCharged, "\(outcome)")
      #expect(try await shop.provider.outcome(of: Shop.charge()).kind == .unknown)
      let books = try await shop.standIn.books
      #expect(books.requests.isEmpty)
    }
  }

  @Test("a private authority is trusted only where it is configured")
  func systemAuthorities() async throws {
    let standIn = try await StandIn()
    let address = try #require(ProviderAddress(standIn.url))
    var settings = HTTPProviderSettings(
      address: address, credential: ProviderCredential(secret: StandIn.secret))
    settings.connectTimeout = .seconds(60)
    let provider = try HTTPProvider(
      settings, clock: HandClock().clock, group: MultiThreadedEventLoopGroup.singleton)
    #expect(try await provider.charge(Shop.charge()).kind == .notCharged)
    await provider.close()
    #expect(try await standIn.books.requests.isEmpty)
  }

  @Test("a provider that is not there has charged nobody")
  func nobodyThere() async throws {
    // Port 1 of loopback: nobody listens there.
    try await withShop(Shop(url: "https://127.0.0.1:1")) { shop in
      let charge = try Shop.charge()
      #expect(await shop.provider.charge(charge).kind == .notCharged)
      #expect(await shop.provider.outcome(of: charge).kind == .unknown)
      #expect(try await shop.standIn.books.requests.isEmpty)
    }
  }

  @Test("a file without certificates is refused at once")
  func unusableAuthorities() throws {
    var settings = HTTPProviderSettings(
      address: try #require(ProviderAddress("https://pay.example.com")),
      credential: ProviderCredential(secret: "s"))
    settings.caFile = "/dev/null"
    #expect(throws: HTTPProviderError.unusableAuthorities(path: "/dev/null")) {
      _ = try HTTPProvider(settings, group: MultiThreadedEventLoopGroup.singleton)
    }
  }

  @Test("an address is HTTPS, has a host, and hides nothing")
  func addresses() {
    for text in [
      "http://pay.example.com", "pay.example.com", "https://", "https:///v1", "ftp://a", "",
      "https://user:pass@a", "https://a?b", "https://a#b", "https://a:0", "https://a/../b",
      "https://a b",
    ] { #expect(ProviderAddress(text) == nil, "\(text)") }
    for text in ["https://a", "https://a/", "https://127.0.0.1:8443", "https://a/api/"] {
      #expect(ProviderAddress(text) != nil, "\(text)")
    }
    #expect(ProviderAddress("https://a/api/")?.url("/v1") == "https://a/api/v1")
  }

  @Test("the secret shows nowhere: not in an outcome that echoes it, not in a description")
  func secret() async throws {
    let encoded = Data("\(StandIn.secret):".utf8).base64EncodedString()
    try await withShop(Shop()) { shop in
      try await shop.standIn.behave(.init(charge: ["echo"]))
      let outcome = await shop.provider.charge(try Shop.charge())
      #expect(outcome.kind == .declined)
      var dumped = "\(outcome)"
      dump(outcome, to: &dumped)
      dump(shop.provider, to: &dumped, maxDepth: 2)
      dump(ProviderCredential(secret: StandIn.secret), to: &dumped)
      dumped += "\(shop.provider) \(ProviderCredential(secret: StandIn.secret))"
      #expect(dumped.contains("REJECT_CARD_PAYMENT"))
      #expect(!dumped.contains(StandIn.secret))
      #expect(!dumped.contains(encoded))
      #expect(try await shop.standIn.books.requests.map(\.known) == [true])
    }
  }

  @Test("what is remembered is bounded, and the newest of it is kept")
  func bounded() {
    let recent = Recent<Int, Int>(countMax: 10)
    for number in 0..<1000 { recent.update(number) { _ in number } }
    #expect((0..<1000).count(where: { recent[$0] != nil }) <= 10)
    #expect((995..<1000).allSatisfy { recent[$0] == $0 })
    recent.forget(999)
    #expect(recent[999] == nil)
  }
}
