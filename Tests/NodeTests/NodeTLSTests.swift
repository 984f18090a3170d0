import Credentials
import Foundation
import Testing
import Transport

@testable import Node

/// What a node's files of TLS may be, what is said when they are not, and who is believed by them.
@Suite("A node's certificates")
final class NodeTLSTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("tls-\(UUID().uuidString)").path
  private let ours: DevelopmentAuthority
  private let certificates: CertificateFolder
  private static let day: Int64 = 86_400

  init() throws {
    certificates = CertificateFolder(folder)
    ours = try certificates.authority().value
    try certificates.write(try ours.issue("order"), as: "order")
    try certificates.write(try ours.issue("payment"), as: "payment")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func path(_ name: String) -> String { certificates.path(name) }

  private func settings(_ name: String = "order") -> NodeConfig.TLS {
    var tls = NodeConfig.TLS()
    tls.certificateFile = path("\(name).pem")
    tls.keyFile = path("\(name).key")
    tls.caFile = path("authority.pem")
    tls.clientCAFile = path("authority.pem")
    return tls
  }

  private func complaint(
    _ tls: NodeConfig.TLS, now: Int64 = NodeTLS.systemSeconds()
  ) -> String {
    do throws(ConfigError) {
      _ = try NodeTLS(tls, now: { now })
      return "nothing"
    } catch {
      return error.description.replacing(folder + "/", with: "")
    }
  }

  @Test("with files that belong together both sides speak TLS, without any neither does")
  func fine() throws {
    let both = try NodeTLS(settings())
    #expect(both.server != nil && both.client != nil)
    let none = try NodeTLS(NodeConfig.TLS())
    #expect(none.server == nil && none.client == nil)
    var caller = NodeConfig.TLS()
    caller.caFile = path("authority.pem")
    let calling = try NodeTLS(caller)
    #expect(calling.server == nil && calling.client != nil)
  }

  @Test("what is wrong is said in one line that names the key and the file")
  func complaints() throws {
    try Data("no PEM".utf8).write(to: URL(fileURLWithPath: path("text")))
    func changed(_ change: (inout NodeConfig.TLS) -> Void) -> String {
      var tls = settings()
      change(&tls)
      return complaint(tls)
    }
    let cases: [(String, String)] = [
      (
        changed { $0.certificateFile = path("gone") },
        "tls: tls.certificate_file: 'gone' is not there"
      ),
      (
        changed { $0.certificateFile = path("text") },
        "tls: tls.certificate_file: 'text' holds no certificate in PEM, or a damaged one"
      ),
      (changed { $0.keyFile = path("gone") }, "tls: tls.key_file: 'gone' is not there"),
      (
        changed { $0.keyFile = folder },
        "tls: tls.key_file: '\(folder)' cannot be read by this user"
      ),
      (
        changed { $0.keyFile = path("text") },
        "tls: tls.key_file: 'text' holds no private key in PEM without a password"
      ),
      (
        changed { $0.keyFile = path("payment.key") },
        "tls: tls.key_file: 'payment.key' does not fit the certificate 'order.pem'"
      ),
      (changed { $0.keyFile = "" }, "tls: tls.certificate_file: needs 'tls.key_file' beside it"),
      (
        changed { $0.certificateFile = "" },
        "tls: tls.key_file: needs 'tls.certificate_file' beside it"
      ),
      (
        changed { ($0.certificateFile, $0.keyFile) = ("", "") },
        "tls: tls.client_ca_file: needs 'tls.certificate_file' beside it"
      ),
      (changed { $0.caFile = path("gone") }, "tls: tls.ca_file: 'gone' is not there"),
      (
        changed { $0.clientCAFile = path("order.pem") },
        "tls: tls.client_ca_file: 'order.pem' holds no certificate of an authority"
      ),
    ]
    for (found, expected) in cases { #expect(found == expected) }
  }

  @Test("a certificate that has expired or does not hold yet stops the start")
  func expired() throws {
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    try certificates.write(try ours.issue("old", from: start, days: 2), as: "old")
    let late = complaint(settings("old"), now: 1_800_000_000 + 3 * Self.day)
    #expect(late == "tls: tls.certificate_file: 'old.pem' has expired, on 2027-01-17")
    let early = complaint(settings("old"), now: 1_800_000_000 - Self.day)
    #expect(early == "tls: tls.certificate_file: 'old.pem' does not hold before 2027-01-15")
  }

  @Test("a certificate that expires within two weeks is warned of, and no other")
  func warnings() throws {
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    try certificates.write(try ours.issue("old", from: start, days: 30), as: "old")
    func warnings(_ day: Int64) -> [String] {
      NodeTLS.warnings(settings("old"), now: 1_800_000_000 + day * Self.day)
        .map { $0.replacing(folder + "/", with: "") }
    }
    #expect(warnings(15) == [])
    #expect(warnings(17) == ["'old.pem' expires in 13 days, on 2027-02-14; renew it"])
    #expect(warnings(29) == ["'old.pem' expires in 1 days, on 2027-02-14; renew it"])
  }

  @Test("reloading takes good files, refuses bad ones, and does not turn TLS on or off")
  func reload() throws {
    let tls = try NodeTLS(settings())
    #expect(try tls.reload(settings("payment")) == [])
    var bad = settings()
    bad.keyFile = path("payment.key")
    #expect(throws: ConfigError.self) { try tls.reload(bad) }
    for change: (inout NodeConfig.TLS) -> Void in [
      { $0.clientCAFile = "" }, { $0 = NodeConfig.TLS() },
    ] {
      var other = settings()
      change(&other)
      #expect(throws: ConfigError.self) { try tls.reload(other) }
    }
    #expect(throws: ConfigError.self) { try NodeTLS(NodeConfig.TLS()).reload(settings()) }
  }

  @Test("a service is believed with the certificate of the node that it says to be, no other")
  func services() async throws {
    var config = NodeConfig()
    let order = PeerCertificate(commonName: "order", dnsNames: ["order", "localhost"])
    func isBelieved(_ role: String, _ id: String, _ certificate: PeerCertificate?) async -> Bool {
      let access = NodeAccess(config)
      let claim = ClientCredentials(principal: Principal(role: role, id: id))
      let peer = Peer(address: "10.0.0.1:1", node: id, certificate: certificate)
      do throws(RPCError) {
        return try access.authenticate(claim, peer) == claim.principal
      } catch {
        #expect(error.code == .unauthenticated)
        #expect(error.message == "a service shows the certificate of its node")
        return false
      }
    }
    // Where nodes have no certificates, none is asked for.
    #expect(await isBelieved("service", "order", nil))
    config.tls = settings()
    #expect(await isBelieved("service", "order", order))
    #expect(await isBelieved("service", "ORDER", order))
    #expect(await !isBelieved("service", "payment", order))
    #expect(await !isBelieved("service", "", order))
    #expect(await !isBelieved("service", "order", nil))
    // Nobody else needs one.
    #expect(await isBelieved("customer", "c-1", nil))
    #expect(await isBelieved("operator", "o-1", nil))
  }

  @Test(
    "beyond this machine a node listens with TLS and proof of who calls, or says that it means it")
  func exposure() async throws {
    func complaint(_ yaml: String) async throws -> String {
      let file = path("node.yaml")
      try Data(yaml.utf8).write(to: URL(fileURLWithPath: file))
      do {
        _ = try await NodeConfig.load(file: file, environment: [:])
        return "nothing"
      } catch { return "\(error)".replacing(folder + "/", with: "") }
    }
    let tls = "tls: {certificate_file: \(path("order.pem")), key_file: \(path("order.key"))}"
    let hint = "use 127.0.0.1, or set 'listen.insecure' to 'anyone may call this node'"
    #expect(
      try await complaint("listen:\n  host: 0.0.0.0")
        == "node.yaml:2: listen.host: '0.0.0.0' is not a loopback address, and there is no TLS "
        + "('tls.certificate_file') and no proof of who calls; \(hint)")
    #expect(
      try await complaint("listen: {host: 10.0.0.1}\n\(tls)")
        == "node.yaml:1: listen.host: '10.0.0.1' is not a loopback address, and there is no proof "
        + "of who calls; \(hint)")
    #expect(
      try await complaint("listen: {host: 10.0.0.1, insecure: yes}")
        == "node.yaml:1: listen.insecure: 'yes' is not empty, or exactly "
        + "'anyone may call this node'")
    #expect(
      try await complaint("http: {address: '0.0.0.0:8080'}")
        == "node.yaml:1: http.address: '0.0.0.0' is not a loopback address, and HTTP is plain and "
        + "asks nobody who they are; use 127.0.0.1, or set 'http.insecure' to "
        + "'anyone may see how this node is'")
    for fine in [
      "http: {address: '0.0.0.0:80', insecure: anyone may see how this node is}",
      "http: {address: '[::1]:80'}",
      "listen: {host: 10.0.0.1, insecure: anyone may call this node}", "listen: {host: 127.0.0.1}",
      "listen: {host: '::1'}", "listen: {host: localhost}", tls,
    ] {
      #expect(try await complaint(fine) == "nothing", "\(fine)")
    }
  }
}
