import ArgumentParser
import Glibc
import Messages
import Node
import Services
import Transport

/// Checks what was promised against what is written down.
struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the promises P1 to P4 over the journals.",
    discussion: """
      Of a running node with --connect, or of the files of a node, read-only, with --data. Prints
      what it counted and every violation; ends with \(ExitStatus.violations.rawValue) if there is \
      one.
      """)

  @OptionGroup var options: ClientOptions
  @Option(help: ArgumentHelp("A node's data directory; it is only read.", valueName: "dir"))
  var data: String?

  func run() async throws {
    let report: AuditResponse
    if let data {
      for service in ["order", "payment", "store", "delivery"]
      where access("\(data)/\(service).db", F_OK) != 0 {
        throw Failure(
          line: "\(data): there is no \(service).db; an audit needs the journals of order, "
            + "payment, store and delivery", status: .usage)
      }
      report = message(of: try await auditDataDirectory(data))
    } else {
      report = try await options.withClient(as: .cliOperator) { client in
        try await client.call(AdminServiceMethods.audit, AuditRequest())
      }
    }
    try options.print(report, text: Render.audit)
    if !report.violations.isEmpty { throw ExitStatus.violations.code }
  }

  /// What the node's own audit says, in the words of the wire.
  private func message(of report: AuditReport) -> AuditResponse {
    AuditResponse(
      counts: report.counts.map { AuditCount(name: $0.name, value: $0.value) },
      violations: report.violations.map {
        AuditViolation(promise: $0.promise, orderID: $0.subject, text: $0.text)
      },
      moreViolations: report.violationCount > report.violations.count)
  }
}
