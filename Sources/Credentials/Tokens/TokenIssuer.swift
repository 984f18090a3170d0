import Foundation
import JWTKit

/// Signs tokens with an Ed25519 key. Nodes have its public half only.
package struct TokenIssuer: Sendable {
  /// Names the key in tokens and key sets.
  package let keyID: String
  private let key: EdDSA.PrivateKey

  /// A new key.
  package init(keyID: String) throws(KeySetError) {
    self.keyID = keyID
    do { key = try EdDSA.PrivateKey() } catch { throw KeySetError("no key could be made") }
  }

  /// A key that was written down with `file`.
  package init(file text: String) throws(KeySetError) {
    let lines = text.split(separator: "\n", maxSplits: 1)
    guard let first = lines.first, first.hasPrefix(Self.mark), lines.count == 2 else {
      throw KeySetError("it is no key of `baedal token key`")
    }
    keyID = String(first.dropFirst(Self.mark.count))
    do { key = try EdDSA.PrivateKey(pem: String(lines[1])) } catch {
      throw KeySetError("its key cannot be read")
    }
  }

  private static let mark = "# baedal signing key "

  /// What to write down, for the eyes of its owner only: the key's id, and the key as PEM (PKCS#8).
  package var file: String {
    let pem = key.pemRepresentation
    return "\(Self.mark)\(keyID)\n\(pem)\(pem.hasSuffix("\n") ? "" : "\n")"
  }

  /// The set with the public half in it, beside the keys that `set` holds already; nil is none. One
  /// of the same id is replaced.
  package func added(to set: String?) throws(KeySetError) -> String {
    do {
      var keys: [JWK] = []
      if let set { keys = try JSONDecoder().decode(JWKS.self, from: Data(set.utf8)).keys }
      keys.removeAll { $0.keyIdentifier?.string == keyID }
      var own = JWK.octetKeyPair(
        .eddsa, identifier: JWKIdentifier(string: keyID), x: Self.base64URL(key.publicKey), y: nil,
        curve: .ed25519)
      own.algorithm = .eddsa
      keys.append(own)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(JWKS(keys: keys)), as: UTF8.self) + "\n"
    } catch { throw KeySetError("it is no JSON Web Key Set") }
  }

  /// A signed token, as its bearer shows it.
  package func issue(_ claims: TokenClaims) async throws(KeySetError) -> String {
    do {
      let id = JWKIdentifier(string: keyID)
      return try await JWTKeyCollection().add(eddsa: key, kid: id).sign(
        TokenPayload(claims), kid: id)
    } catch { throw KeySetError("the token cannot be signed: \(error)") }
  }

  private static func base64URL(_ key: EdDSA.PublicKey) -> String {
    key.rawRepresentation.base64EncodedString()
      .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }
}
