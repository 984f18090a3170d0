/// Why a file of certificates or a key cannot be used.
package struct CertificateFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the file is for.
  package enum Part: Hashable, Sendable {
    case certificate
    case key
    case authorities
  }

  package let part: Part
  package let path: String
  /// What is wrong, to follow the path: "cannot be read".
  package let reason: String

  package init(_ part: Part, _ path: String, _ reason: String) {
    self.part = part
    self.path = path
    self.reason = reason
  }

  /// One line that names the file.
  package var description: String { "'\(path)' \(reason)" }
}
