/// Why a file of certificates or a key cannot be used.
public struct CertificateFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the file is for.
  public enum Part: Hashable, Sendable {
    case certificate
    case key
    case authorities
  }

  public let part: Part
  public let path: String
  /// What is wrong, to follow the path: "cannot be read".
  public let reason: String

  public init(_ part: Part, _ path: String, _ reason: String) {
    self.part = part
    self.path = path
    self.reason = reason
  }

  /// One line that names the file.
  public var description: String { "'\(path)' \(reason)" }
}
