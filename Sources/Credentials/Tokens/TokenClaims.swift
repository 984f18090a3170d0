import Foundation
import JWTKit
package import Transport

/// What a token says: who its bearer is, and from when until when. Times are seconds since 1970.
package struct TokenClaims: Hashable, Sendable {
  /// What stands in `iss`.
  package static let issuer = "baedal"
  /// Bytes of a role or an id, at most.
  static let textBytesMax = 128
  /// Seconds by which clocks may differ.
  static let leeway: Int64 = 30

  /// The role, such as `customer`.
  package let role: String
  /// Who within the role.
  package let subject: String
  package let issued: Int64
  /// From then on it is no longer taken.
  package let expires: Int64

  /// - Parameter lasting: how long it is taken, in seconds.
  package init(role: String, subject: String, issued: Int64, lasting: Int64) {
    self.role = role
    self.subject = subject
    self.issued = issued
    expires = issued + lasting
  }
}

/// The claims as they stand in a token.
struct TokenPayload: JWTPayload {
  let role: String
  let iss: IssuerClaim
  let sub: SubjectClaim
  let iat: IssuedAtClaim
  let exp: ExpirationClaim
  let nbf: NotBeforeClaim?

  init(_ claims: TokenClaims) {
    role = claims.role
    iss = IssuerClaim(value: TokenClaims.issuer)
    sub = SubjectClaim(value: claims.subject)
    iat = IssuedAtClaim(value: Date(timeIntervalSince1970: Double(claims.issued)))
    exp = ExpirationClaim(value: Date(timeIntervalSince1970: Double(claims.expires)))
    nbf = nil
  }

  /// Times are checked by `claims`, whose clock is handed in.
  func verify(using _: some JWTAlgorithm) throws {}

  /// What it says, if it holds at that time.
  func claims(at now: Int64) throws(TokenError) -> TokenClaims {
    guard iss.value == TokenClaims.issuer else { throw .issuer(iss.value) }
    for text in [role, sub.value] where text.isEmpty || text.utf8.count > TokenClaims.textBytesMax {
      throw .malformed("role and sub are 1 to \(TokenClaims.textBytesMax) bytes")
    }
    guard let issued = Int64(exactly: iat.value.timeIntervalSince1970.rounded(.down)),
      let expires = Int64(exactly: exp.value.timeIntervalSince1970.rounded(.down)),
      issued >= 0, issued <= expires, expires <= Self.latest
    else { throw .malformed("its times cannot be meant") }
    guard now < expires else { throw .expired }
    let soon = Double(now + TokenClaims.leeway)
    guard Double(issued) <= soon, (nbf?.value.timeIntervalSince1970 ?? 0) <= soon else {
      throw .early
    }
    return TokenClaims(
      role: role, subject: sub.value, issued: issued, lasting: expires - issued)
  }

  /// The year 9999.
  private static let latest: Int64 = 253_402_300_799
}

/// Why a token is not taken. For logs: its bearer is not told.
package enum TokenError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not a token, or one that leaves out what it has to say.
  case malformed(String)
  /// Signed by a key that is not, or no longer, known here; or it does not say by which.
  case unknownKey(String)
  /// Not signed as its key signs: another algorithm, or none.
  case algorithm(String)
  /// Signed by somebody else, or changed since.
  case signature
  case issuer(String)
  case expired
  /// From the future.
  case early

  package var description: String {
    switch self {
    case .malformed(let text): "not a token: \(text)"
    case .unknownKey(let id): "signed by an unknown key '\(id.prefix(64))'"
    case .algorithm(let name): "signed with '\(name.prefix(32))', which its key is not for"
    case .signature: "the signature does not fit"
    case .issuer(let name): "issued by '\(name.prefix(64))'"
    case .expired: "expired"
    case .early: "not valid yet"
    }
  }
}

extension TokenClaims {
  /// Whom a token speaks of, without a look at its signature: for its bearer, who has to say so too.
  /// nil when it is no JSON Web Token of ours.
  package static func principal(of token: [UInt8]) async -> Principal? {
    guard !token.isEmpty,
      let payload = try? await JWTKeyCollection().unverified(token, as: TokenPayload.self)
    else { return nil }
    return Principal(role: payload.role, id: payload.sub.value)
  }
}
