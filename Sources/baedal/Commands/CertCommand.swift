import ArgumentParser
import Credentials
import Foundation
import Node
import Transport

/// Certificates, for trying TLS out and for looking at.
struct CertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cert", abstract: "Make certificates for development, or look at one.",
    subcommands: [Dev.self, ShowCertificate.self])

  struct Dev: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make an authority for development, and certificates for nodes.",
      discussion: """
        The authority (authority.pem, authority.key) is made once and used again. Each node gets \
        NAME.pem and NAME.key, good for its callers and for the nodes that it calls. Keys are \
        readable by their owner alone. Whoever has authority.key can be any node: it is for \
        development only.
        """)

    @Option(help: ArgumentHelp("Where to.", valueName: "dir"))
    var out = "./data/certs"

    @Option(help: ArgumentHelp("A node's name; may be repeated.", valueName: "name"))
    var name: [String] = []

    @Option(
      help: ArgumentHelp(
        "A name or an address that the nodes are reached by, beside this machine's own; may be "
          + "repeated.", valueName: "host"))
    var host: [String] = []

    @Flag(help: "Replace certificates that are there.") var force = false

    func validate() throws {
      for name in name where !Self.isNodeName(name) {
        throw ValidationError(
          "'\(name)' is not a node's name: 1 to 63 letters, digits, dots or dashes")
      }
      for host in host where host.isEmpty || host.utf8.count > 253 || host.contains("/") {
        throw ValidationError("'\(host)' is not the name or the address of a host")
      }
    }

    func run() throws {
      let names = name.isEmpty ? [NodeConfig().nodeName] : name
      let folder = CertificateFolder(out)
      do {
        if !force { try folder.requireFree(names) }
        let authority = try folder.authority()
        print("\(folder.path("authority.pem")): \(authority.isNew ? "made" : "used again")")
        for name in names {
          let hosts = ["localhost", "127.0.0.1", "::1"] + host
          try folder.write(try authority.value.issue(name, hosts: hosts), as: name)
          print("\(folder.path("\(name).pem")), \(name).key: made")
        }
      } catch let error as CertificateFileError {
        throw Failure(line: error.description, status: .usage)
      }
    }

    private static func isNodeName(_ text: String) -> Bool {
      let letters = text.utf8.allSatisfy { byte in
        let character = Character(UnicodeScalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber)
          || character == "." || character == "-"
      }
      return (1...63).contains(text.utf8.count) && letters && !text.hasPrefix(".")
        && text != "authority"
    }
  }

  struct ShowCertificate: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Say whom the certificates of a file name, and how long.")
    @Argument(help: "A PEM file.") var file: String

    func run() throws {
      do throws(CertificateFileError) {
        let all = try CertificateFacts.read(file)
        print(all.map(Self.text).joined(separator: "\n"))
      } catch {
        throw Failure(line: error.description, status: .usage)
      }
    }

    private static func text(_ facts: CertificateFacts) -> String {
      let names = facts.names.dnsNames + facts.names.addresses
      let now = NodeTLS.systemSeconds()
      let days = (facts.validUntil - now) / 86_400
      let state =
        now > facts.validUntil
        ? "expired" : now < facts.validFrom ? "not yet valid" : "\(days) days left"
      let lines = [
        "subject  \(facts.subject)" + (facts.isAuthority ? "  (an authority)" : ""),
        "issuer   \(facts.issuer)",
        "names    \(names.isEmpty ? "none" : names.joined(separator: ", "))",
        "valid    \(CertificateFiles.day(facts.validFrom)) to "
          + "\(CertificateFiles.day(facts.validUntil)), \(state)",
      ]
      return lines.map(Terminal.plain).joined(separator: "\n")
    }
  }
}
