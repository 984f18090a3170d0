import ArgumentParser
import Messages
import Transport

/// Plays customer, store owner and rider against a running node.
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry orders along every road, beside a running node.",
    discussion: """
      Customer, store owner and rider are three clients with a TCP connection each. Every run has a
      store and people of its own, so it can be repeated. Ends with the audit.
      """)

  @Option(help: ArgumentHelp("The node to talk to.", valueName: "host:port"))
  var connect = Address(host: "127.0.0.1", port: 7700)

  @Option(
    help: ArgumentHelp(
      "Give up on any step after so many seconds. Unless said, after 20, and on the audit after an "
        + "hour.", valueName: "s"))
  var timeout: Double?

  @Option(help: "Only this road: delivered, cancelled, refused or declined; may be repeated.")
  var road: [Road] = []

  @Flag(help: "Leave the audit out.") var noAudit = false

  @Option(help: ArgumentHelp("File with the operator's token, for the audit.", valueName: "file"))
  var tokenFile: String?

  @OptionGroup(title: "TLS") var tls: TLSOptions

  func validate() throws {
    guard timeout.map({ $0 > 0 && $0 <= 3600 }) ?? true else {
      throw ValidationError("--timeout must be a number of seconds from 0 to 3600")
    }
  }

  func run() async throws {
    let cast = Cast(
      address: connect, token: try tokenFile.map(firstLine) ?? [], tls: try tls.client(),
      timeout: timeout.map { Duration.seconds($0) })
    do {
      try await play(cast)
      await cast.leave()
    } catch {
      await cast.leave()
      throw error
    }
  }

  private func play(_ cast: Cast) async throws {
    try await cast.openStore()
    try await cast.sendRiderOnline()
    var results: [RoadResult] = []
    for road in road.isEmpty ? Road.allCases : road {
      results.append(await road.take(cast))
    }
    cast.stage.title("Roads")
    print(RoadResult.table(results))
    if let order = results.first?.orderID, !order.isEmpty {
      cast.stage.note("every step of one: baedal dashboard show \(order)")
    }
    let report = noAudit ? nil : try await audit(cast)
    if report?.violations.isEmpty == false { throw ExitStatus.violations.code }
    if let failed = results.compactMap(\.failure).first { throw failed }
  }

  private func audit(_ cast: Cast) async throws -> AuditResponse {
    cast.stage.title("Audit")
    let report = try await cast.auditor.call(AdminServiceMethods.audit, AuditRequest())
    print(Render.audit(report))
    return report
  }
}
