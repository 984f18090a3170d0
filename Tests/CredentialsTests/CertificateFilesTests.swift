import Credentials
import Foundation
import Testing
import Transport

/// Files as other programs make them: what is taken, and what is said of the rest.
@Suite("Certificates and keys from files")
final class CertificateFilesTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("files-\(UUID().uuidString)").path
  /// A little later than now: certificates hold from the second that they were made in.
  private static var now: Int64 { Int64(Date().timeIntervalSince1970) + 60 }

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func openssl(_ words: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = words.split(separator: " ").map(String.init)
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl \(words)")
  }

  private func read(_ name: String, key: String? = nil) -> String {
    do throws(CertificateFileError) {
      let read = try CertificateFiles.identity(
        certificate: "\(folder)/\(name).pem", key: "\(folder)/\(key ?? name).key", now: Self.now)
      return "\(read.chain.count) of \(read.facts.subject)"
    } catch {
      return error.description.replacing(folder + "/", with: "")
    }
  }

  @Test(
    "keys of every kind that TLS takes are read, however they are written",
    arguments: [
      "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384", "rsa:2048",
    ])
  func kinds(_ kind: String) throws {
    try openssl("req -x509 -newkey \(kind) -nodes -days 2 -subj /CN=n -keyout n.key -out n.pem")
    #expect(read("n") == "1 of CN=n")
  }

  @Test("a key with the parameters of its curve before it is read")
  func parameters() throws {
    try openssl("ecparam -name prime256v1 -genkey -out n.key")
    try openssl("req -x509 -new -key n.key -days 2 -subj /CN=n -out n.pem")
    #expect(read("n") == "1 of CN=n")
  }

  @Test("what callers could not use is refused at once")
  func refused() throws {
    try openssl("req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=n -keyout ed.key -out ed.pem")
    #expect(read("ed") == "'ed.pem' has an Ed25519 key; TLS here needs ECDSA or RSA")
    try openssl(
      "req -x509 -newkey rsa:2048 -passout pass:secret -days 2 -subj /CN=n -keyout n.key -out n.pem"
    )
    #expect(read("n") == "'n.key' holds no private key in PEM without a password")
    try openssl("x509 -in n.pem -outform DER -out der.pem")
    #expect(read("der", key: "n") == "'der.pem' is not a PEM file")
  }

  @Test("what leads from a certificate to its authority stands after it in the file")
  func chain() throws {
    let authority = try DevelopmentAuthority()
    let issued = try authority.issue("order")
    let both = issued.certificatePEM + (try authority.files().certificatePEM)
    try Data(both.utf8).write(to: URL(fileURLWithPath: "\(folder)/order.pem"))
    try Data(issued.keyPEM.utf8).write(to: URL(fileURLWithPath: "\(folder)/order.key"))
    #expect(read("order") == "2 of CN=order")
    let all = try CertificateFacts.read("\(folder)/order.pem")
    #expect(all.map(\.isAuthority) == [false, true])
    #expect(all[0].names.dnsNames == ["order", "localhost"])
    #expect(all[0].names.addresses == ["127.0.0.1", "::1"])
    let damaged = both.replacing("MII", with: "AAA")
    try Data(damaged.utf8).write(to: URL(fileURLWithPath: "\(folder)/order.pem"))
    #expect(read("order") == "'order.pem' holds no certificate in PEM, or a damaged one")
  }

  @Test("an authority that was written is read again, and vouches as before")
  func again() throws {
    let certificates = CertificateFolder("\(folder)/certs")
    let first = try certificates.authority()
    let second = try certificates.authority()
    #expect(first.isNew && !second.isNew)
    #expect(first.value.facts == second.value.facts)
    try certificates.write(try second.value.issue("order"), as: "order")
    let roots = try CertificateFiles.authorities(certificates.path("authority.pem"), now: Self.now)
    #expect(roots.count == 1)
    try openssl("verify -CAfile certs/authority.pem certs/order.pem")
  }
}
