import Foundation

/// A folder with a development authority and the certificates of nodes: `authority.pem`,
/// `authority.key`, and `NAME.pem`, `NAME.key` for each node.
package struct CertificateFolder {
  private let folder: String

  package init(_ folder: String) { self.folder = folder }

  package func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Throws when a node of these has a certificate or a key already.
  package func requireFree(_ names: [String]) throws(CertificateFileError) {
    for name in names.flatMap({ ["\($0).pem", "\($0).key"] }) where exists(name) {
      throw CertificateFileError(
        name.hasSuffix("key") ? .key : .certificate, path(name),
        "is there already; --force replaces it")
    }
  }

  /// The authority that is there, or a new one.
  package func authority() throws -> (value: DevelopmentAuthority, isNew: Bool) {
    let there = ["authority.pem", "authority.key"].filter(exists)
    guard !there.isEmpty else {
      let authority = try DevelopmentAuthority()
      try write(try authority.files(), as: "authority")
      return (authority, true)
    }
    guard there.count == 2 else {
      throw CertificateFileError(
        .authorities, path(there[0]), "is there without its other half; remove it, or restore both")
    }
    let files = DevelopmentAuthority.Issued(
      certificatePEM: try text("authority.pem"), keyPEM: try text("authority.key"))
    guard let authority = try? DevelopmentAuthority(files) else {
      throw CertificateFileError(
        .authorities, path("authority.pem"), "and authority.key are not a development authority's")
    }
    guard authority.facts.validUntil > Int64(Date().timeIntervalSince1970) else {
      throw CertificateFileError(
        .authorities, path("authority.pem"),
        "has expired; remove it and authority.key to get another")
    }
    return (authority, false)
  }

  /// Writes both files, each whole or not at all; the key first, for its owner alone.
  package func write(
    _ issued: DevelopmentAuthority.Issued, as name: String
  ) throws(CertificateFileError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CertificateFileError(.certificate, folder, "cannot be made as a folder")
    }
    guard PrivateFile.write(issued.keyPEM, to: path("\(name).key"), mode: 0o600) else {
      throw CertificateFileError(.key, path("\(name).key"), "cannot be written")
    }
    guard PrivateFile.write(issued.certificatePEM, to: path("\(name).pem"), mode: 0o644) else {
      throw CertificateFileError(.certificate, path("\(name).pem"), "cannot be written")
    }
  }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path(name))
  }

  private func text(_ name: String) throws -> String {
    guard let bytes = FileManager.default.contents(atPath: path(name)) else {
      throw CertificateFileError(.authorities, path(name), "cannot be read by this user")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
