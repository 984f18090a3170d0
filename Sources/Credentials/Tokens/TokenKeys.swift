import Foundation
import JWTKit
import Synchronization

/// The public keys that tokens are believed by, by their ids: a JSON Web Key Set (RFC 7517) with
/// Ed25519 or P-256 keys. Several at once, so that a new key can be known everywhere before tokens
/// are signed with it; replaced as a whole while the node runs.
package final class TokenKeys: Sendable {
  /// A token that was believed.
  package struct Verified: Sendable {
    package let claims: TokenClaims
    /// The name of the key that signed it.
    package let keyID: String
    /// The key itself, so that another one of the same name is told apart.
    fileprivate let material: String
  }

  private struct Key: Sendable {
    /// The only algorithm it signs with, as a token names it.
    let algorithm: String
    let material: String
    /// Of this one key, so that nothing can be taken for signed by another.
    let collection: JWTKeyCollection
  }

  package static let tokenBytesMax = 4096
  package static let keysMax = 64

  private let keys: Mutex<[String: Key]>

  /// - Parameter set: the text of a key set. Throws an error whose text says what is wrong with it.
  package init(_ set: String) async throws(KeySetError) {
    keys = Mutex(try await Self.keys(of: set))
  }

  /// Takes another set in place of the one there is; throws, and keeps that, when it is none.
  package func replace(_ set: String) async throws(KeySetError) {
    let new = try await Self.keys(of: set)
    keys.withLock { $0 = new }
  }

  /// Whether the key that signed a token is believed still.
  package func holds(_ token: Verified) -> Bool {
    keys.withLock { $0[token.keyID]?.material == token.material }
  }

  package var ids: [String] { keys.withLock { $0.keys.sorted() } }

  /// Believes a token, or says why not. Takes the time of a signature's verification.
  /// - Parameter now: seconds since 1970.
  package func verify(
    _ token: [UInt8], at now: Int64
  ) async throws(TokenError) -> Verified {
    guard token.count <= Self.tokenBytesMax else { throw .malformed("over its length") }
    let header: JWTHeader
    do {
      header = try DefaultJWTParser().parse(token, as: TokenPayload.self).header
    } catch { throw .malformed("header or claims cannot be read") }
    guard let id = header.kid, let key = keys.withLock({ $0[id] }) else {
      throw .unknownKey(header.kid ?? "")
    }
    guard header.alg == key.algorithm else { throw .algorithm(header.alg ?? "none") }
    let payload: TokenPayload
    do {
      payload = try await key.collection.verify(token, as: TokenPayload.self)
    } catch { throw .signature }
    return Verified(claims: try payload.claims(at: now), keyID: id, material: key.material)
  }

  private static func keys(of set: String) async throws(KeySetError) -> [String: Key] {
    let parsed: JWKS
    do {
      parsed = try JSONDecoder().decode(JWKS.self, from: Data(set.utf8))
    } catch { throw KeySetError("it is no JSON Web Key Set") }
    guard !parsed.keys.isEmpty else { throw KeySetError("it holds no key") }
    guard parsed.keys.count <= keysMax else {
      throw KeySetError("it holds over \(keysMax) keys")
    }
    var keys: [String: Key] = [:]
    for var key in parsed.keys {
      guard let id = key.keyIdentifier?.string, !id.isEmpty else {
        throw KeySetError("one of its keys has no kid")
      }
      let algorithm: JWK.Algorithm
      switch (key.keyType, key.curve?.rawValue) {
      case (.octetKeyPair, "Ed25519"): algorithm = .eddsa
      case (.ecdsa, "P-256"): algorithm = .es256
      default: throw KeySetError("its key '\(id)' is neither Ed25519 nor P-256")
      }
      guard key.privateExponent == nil else {
        throw KeySetError("its key '\(id)' is a private one, which a node must not have")
      }
      guard key.algorithm == nil || key.algorithm == algorithm else {
        throw KeySetError("its key '\(id)' is not for \(key.algorithm?.rawValue ?? "")")
      }
      key.algorithm = algorithm
      do {
        let collection = try await JWTKeyCollection().add(jwk: key)
        let material = "\(key.x ?? "").\(key.y ?? "")"
        let added = Key(
          algorithm: algorithm.rawValue, material: material, collection: collection)
        guard keys.updateValue(added, forKey: id) == nil else {
          throw KeySetError("it holds two keys '\(id)'")
        }
      } catch let error as KeySetError {
        throw error
      } catch { throw KeySetError("its key '\(id)' cannot be read") }
    }
    return keys
  }
}

/// What is wrong with a set of keys.
package struct KeySetError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
