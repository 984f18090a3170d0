import Credentials
import Crypto
import Foundation
import Testing

@Suite("Tokens")
struct TokenTests {
  private let now: Int64 = 1_795_400_000
  private let issuer: TokenIssuer
  private let set: String

  init() throws {
    issuer = try TokenIssuer(keyID: "k-1")
    set = try issuer.added(to: nil)
  }

  private func token(
    _ role: String = "customer", _ subject: String = "c-1", issued: Int64 = -10,
    lasting: Int64 = 3600
  ) async throws -> [UInt8] {
    let claims = TokenClaims(
      role: role, subject: subject, issued: now + issued, lasting: lasting)
    return Array(try await issuer.issue(claims).utf8)
  }

  private func problem(_ token: [UInt8], _ set: String? = nil) async throws -> TokenError? {
    let keys = try await TokenKeys(set ?? self.set)
    do throws(TokenError) {
      _ = try await keys.verify(token, at: now)
      return nil
    } catch { return error }
  }

  @Test("are believed by the public half of the key that signed them")
  func believed() async throws {
    let keys = try await TokenKeys(set)
    let verified = try await keys.verify(try await token(), at: now)
    #expect(verified.claims.role == "customer")
    #expect(verified.claims.subject == "c-1")
    #expect(verified.keyID == "k-1")
    #expect(!set.contains("\"d\""))
  }

  @Test("a key that was written down signs as before")
  func file() async throws {
    let again = try TokenIssuer(file: issuer.file)
    #expect(again.keyID == "k-1")
    let claims = TokenClaims(role: "rider", subject: "r-1", issued: now, lasting: 60)
    let token = try await again.issue(claims)
    #expect(try await problem(Array(token.utf8)) == nil)
    #expect(throws: KeySetError.self) { _ = try TokenIssuer(file: "nonsense\nmore") }
  }

  @Test("are refused when they have expired, or are from the future")
  func times() async throws {
    #expect(try await problem(try await token(issued: -3600, lasting: 3600)) == .expired)
    #expect(try await problem(try await token(issued: -3600, lasting: 3601)) == nil)
    #expect(try await problem(try await token(issued: 120)) == .early)
    #expect(try await problem(try await token(issued: 20)) == nil)
  }

  @Test("are refused when anything of them was changed")
  func changed() async throws {
    let good = try await token()
    for at in good.indices where good[at] != UInt8(ascii: ".") {
      var bad = good
      bad[at] = bad[at] == UInt8(ascii: "A") ? UInt8(ascii: "Q") : UInt8(ascii: "A")
      // The last character of 64 bytes holds four bits that no byte takes.
      guard at != good.indices.last else { continue }
      #expect(try await problem(bad) != nil, "byte \(at)")
    }
    #expect(try await problem(Array(good.dropLast(3))) != nil)
    #expect(try await problem([]) != nil)
    #expect(try await problem(Array(repeating: UInt8(ascii: "a"), count: 5000)) != nil)
  }

  @Test("are refused without a signature, and with one of another kind over the public key")
  func algorithms() async throws {
    let payload = try await token().split(separator: UInt8(ascii: "."))[1]
    func forged(_ header: String, _ sign: ([UInt8]) -> [UInt8]) -> [UInt8] {
      let signed = base64URL(Array(header.utf8)) + [UInt8(ascii: ".")] + payload
      return signed + [UInt8(ascii: ".")] + base64URL(sign(signed))
    }
    let none = forged(#"{"alg":"none","kid":"k-1"}"#) { _ in [] }
    #expect(try await problem(none) == .algorithm("none"))
    let shared = forged(#"{"alg":"HS256","kid":"k-1"}"#) { bytes in
      let key = SymmetricKey(data: Array(set.utf8))
      return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
    }
    #expect(try await problem(shared) == .algorithm("HS256"))
    let nobody = forged(#"{"alg":"EdDSA"}"#) { _ in Array(repeating: 0, count: 64) }
    #expect(try await problem(nobody) == .unknownKey(""))
  }

  @Test("are refused when another key of the same name has signed them")
  func otherKey() async throws {
    let other = try TokenIssuer(keyID: "k-1")
    #expect(try await problem(try await token(), try other.added(to: nil)) == .signature)
    let unknown = try TokenIssuer(keyID: "k-2")
    #expect(
      try await problem(try await token(), try unknown.added(to: nil)) == .unknownKey("k-1"))
  }

  @Test("keys are replaced while they are in use")
  func rotation() async throws {
    let keys = try await TokenKeys(set)
    let old = try await token()
    let next = try TokenIssuer(keyID: "k-2")
    try await keys.replace(try next.added(to: set))
    #expect(keys.ids == ["k-1", "k-2"])
    let verified = try await keys.verify(old, at: now)
    #expect(keys.holds(verified))
    // Another key of the same name is another key.
    try await keys.replace(try TokenIssuer(keyID: "k-1").added(to: nil))
    #expect(!keys.holds(verified))
    try await keys.replace(try next.added(to: nil))
    #expect(!keys.holds(verified))
    await #expect(throws: TokenError.unknownKey("k-1")) { _ = try await keys.verify(old, at: now) }
    await #expect(throws: KeySetError.self) { try await keys.replace("{") }
    #expect(keys.ids == ["k-2"])
  }

  @Test("a set of keys that a node should not have is refused, and says why")
  func sets() async throws {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    let cases = [
      ("{}", "no JSON Web Key Set"), (#"{"keys":[]}"#, "no key"),
      (#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x)"}]}"#, "no kid"),
      (#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}"#, "no JSON Web Key Set"),
      (#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#, "neither Ed25519"),
      (#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"\#(x)","d":"\#(x)"}]}"#, "private"),
      (
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"\#(x)"},"#
          + #"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"\#(x)"}]}"#, "two keys"
      ),
    ]
    for (text, wanted) in cases {
      do {
        _ = try await TokenKeys(text)
        Issue.record("taken: \(text)")
      } catch { #expect(error.description.contains(wanted), "\(text): \(error)") }
    }
  }
}

private func base64URL(_ bytes: [UInt8]) -> [UInt8] {
  Array(
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "").utf8)
}
