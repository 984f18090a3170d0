import Foundation
import Testing

extension SystemTests {
  @Suite("baedal cert")
  struct CertificateCommandTests {
    @Test("makes an authority once and certificates that a node and its callers can use")
    func dev() async throws {
      let site = try Site()
      let out = "\(site.folder)/certs"
      let made = try await site.run([
        "cert", "dev", "--out", out, "--name", "node-1", "--name", "pay", "--host",
        "pay.example.com",
      ])
      #expect(made.ending == .exit(0), "\(made)")
      for (file, mode) in [("authority.key", 0o600), ("node-1.key", 0o600), ("node-1.pem", 0o644)] {
        let facts = try FileManager.default.attributesOfItem(atPath: "\(out)/\(file)")
        #expect(facts[.posixPermissions] as? Int == mode, "\(file)")
      }
      let shown = try await site.run(["cert", "show", "\(out)/pay.pem"])
      let expected = "names    pay, localhost, pay.example.com, 127.0.0.1, ::1"
      #expect(shown.output.contains("subject  CN=pay\n"), "\(shown)")
      #expect(shown.output.contains(expected), "\(shown)")
      #expect(shown.output.contains("397 days left"), "\(shown)")

      let node = try await site.start(
        "tls: {certificate_file: \(out)/node-1.pem, key_file: \(out)/node-1.key}")
      defer { node.kill() }
      let ask = ["node", "--connect", "127.0.0.1:\(node.port)"]
      let trusted = try await site.run(ask + ["--tls-ca", "\(out)/authority.pem"])
      #expect(trusted.ending == .exit(0), "\(trusted)")
      let named = try await site.run(
        ask + ["--tls-ca", "\(out)/authority.pem", "--tls-name", "other.example.com"])
      #expect(named.isOneLine(exit: 3), "\(named)")
      #expect(named.errors.contains("is for another host"))
      let plain = try await site.run(ask)
      #expect(plain.isOneLine(exit: 3), "\(plain)")
      #expect(plain.errors.contains("--tls-ca"))
    }

    @Test("replaces nothing unasked, and uses the same authority again")
    func again() async throws {
      let site = try Site()
      let out = "\(site.folder)/certs"
      func dev(_ arguments: String...) async throws -> Printed {
        try await site.run(["cert", "dev", "--out", out] + arguments)
      }
      func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(out)/\(file)", encoding: .utf8)
      }
      #expect(try await dev("--name", "a").ending == .exit(0))
      let (authority, first) = (try text("authority.pem"), try text("a.pem"))
      let refused = try await dev("--name", "b", "--name", "a")
      #expect(refused.isOneLine(exit: 2) && refused.errors.contains("a.pem' is there already"))
      #expect(!FileManager.default.fileExists(atPath: "\(out)/b.pem"))
      #expect(try await dev("--name", "b").ending == .exit(0))
      #expect(try await dev("--name", "a", "--force").ending == .exit(0))
      #expect(try text("authority.pem") == authority)
      #expect(try text("a.pem") != first)
      try FileManager.default.removeItem(atPath: "\(out)/authority.key")
      let half = try await dev("--name", "c")
      #expect(half.isOneLine(exit: 2) && half.errors.contains("without its other half"), "\(half)")
    }

    @Test(
      "says in one line what is wrong with its arguments",
      arguments: [
        ["cert", "dev", "--name", "a/b"], ["cert", "dev", "--name", "authority"],
        ["cert", "dev", "--host", ""], ["cert", "show", "/nowhere.pem"],
        ["node", "--tls-ca", "/nowhere.pem"], ["node", "--tls-name", "localhost"],
        ["node", "--tls-certificate", "a.pem"], ["demo", "--tls-ca", "/nowhere.pem"],
        ["node", "--tls-ca", "/nowhere.pem", "--tls-name", "127.0.0.1"],
      ])
    func wrong(_ arguments: [String]) async throws {
      let printed = try await Site().run(arguments)
      #expect(printed.isOneLine(exit: 2), "\(printed)")
    }
  }
}
