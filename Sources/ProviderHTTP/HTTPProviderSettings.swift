/// What is to be known about a provider before it can be called.
package struct HTTPProviderSettings: Sendable {
  package let address: ProviderAddress
  package let credential: ProviderCredential
  /// PEM file of the authorities to trust instead of the system's; nil for the system's.
  package var caFile: String?
  /// For a connection and its TLS handshake.
  package var connectTimeout: Duration = .seconds(1)
  /// For one operation as a whole, also where it takes several requests.
  package var timeout: Duration = .seconds(3)
  /// Connections, and so requests, at once.
  package var connections = 64
  /// From the moment that we gave up on an attempt until "no such payment" means that it never
  /// arrived: longer than a request can be on its way between us and the provider's books.
  package var notFoundFinal: Duration = .seconds(60)

  package init(address: ProviderAddress, credential: ProviderCredential) {
    self.address = address
    self.credential = credential
  }
}

/// Why a provider cannot be called at all.
package enum HTTPProviderError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file of authorities holds no certificate that can be read.
  case unusableAuthorities(path: String)

  package var description: String {
    switch self {
    case .unusableAuthorities(let path): "'\(path)' is not a PEM file with certificates"
    }
  }
}
