package import JWTKit

/// What a token says: who its bearer is, and until when.
package struct TokenClaims: JWTPayload, Equatable {
  /// What stands in `iss`.
  package static let issuer = "baedal"

  /// The role, such as `customer`.
  package var role: String
  /// Who within the role.
  package var sub: SubjectClaim
  package var exp: ExpirationClaim

  /// Throws if the token has expired.
  package func verify(using _: some JWTAlgorithm) throws {
    try exp.verifyNotExpired()
  }
}
