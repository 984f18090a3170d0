import Credentials
import Testing

@Suite("tokens")
struct TokenTests {
  @Test("a token has an issuer of its own")
  func issuer() { #expect(TokenClaims.issuer == "baedal") }
}
