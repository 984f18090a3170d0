import Domain
import Journal
import JournalSQLite
package import Services
import Transport

/// The audit over a node's journals, running or at rest.
struct NodeAudit: Sendable {
  private let order: (any JournalReader)?
  private let payment: (any JournalReader)?
  private let store: (any JournalReader)?
  private let delivery: (any JournalReader)?

  init(_ journals: NodeJournals) {
    order = journals.open[.order]
    payment = journals.open[.payment]
    store = journals.open[.store]
    delivery = journals.open[.delivery]
  }

  /// The journals in a data directory, opened for reading only.
  fileprivate init(data directory: String) async throws(JournalError) {
    func reader(_ service: ServiceName) async throws(JournalError) -> SQLiteJournalReader {
      var config = NodeConfig()
      config.dataDirectory = directory
      return try await SQLiteJournalReader.open(NodeJournals.options(service, config))
    }
    order = try await reader(.order)
    payment = try await reader(.payment)
    store = try await reader(.store)
    delivery = try await reader(.delivery)
  }

  /// - Parameter grace: how long a saga may be under way.
  func run(grace: Duration) async throws(RPCError) -> AuditReport {
    guard let order, let payment, let store, let delivery else {
      throw RPCError(
        code: .failedPrecondition,
        message: "an audit needs the journals of order, payment, store and delivery")
    }
    do throws(JournalError) {
      return try await Audit(
        orders: order, payments: payment, stores: store, deliveries: delivery,
        at: Timestamp(ms: NodeClock.milliseconds()), grace: grace
      ).run()
    } catch { throw RPCError(error) }
  }
}

/// Checks the journals in a data directory, beside a running node or without one. Throws when they
/// cannot be opened; damage within is part of the report.
package func auditDataDirectory(
  _ directory: String, grace: Duration = .seconds(60)
) async throws -> AuditReport {
  try await NodeAudit(data: directory).run(grace: grace)
}
