import Domain
import Glibc
import Journal
import JournalSQLite
package import Services
import Transport
import Views

/// The audit over a node's journals, running or at rest.
struct NodeAudit: Sendable {
  private let order: (any AuditSource)?
  private let payment: (any AuditSource)?
  private let store: (any AuditSource)?
  private let delivery: (any AuditSource)?
  /// Where the dashboard's view is; nil when there is none to check.
  private let views: String?
  /// Journals at rest, whose indexes are checked too.
  private let files: [SQLiteJournalReader]

  /// What a node may be late with, and for how long it is given another chance.
  private static let late: (promises: Set<String>, pause: Duration) = (["P3", "P4"], .seconds(5))

  /// Of what can be reached from a running node.
  init(
    order: AnyEventSource?, payment: AnyEventSource?, store: AnyEventSource?,
    delivery: AnyEventSource?, _ config: NodeConfig
  ) {
    self.order = order
    self.payment = payment
    self.store = store
    self.delivery = delivery
    views = config.services.contains(.dashboard) ? Self.views(in: config.dataDirectory) : nil
    files = []
  }

  /// The journals in a data directory, opened for reading only.
  fileprivate init(data directory: String) async throws(JournalError) {
    func reader(_ service: ServiceName) async throws(JournalError) -> SQLiteJournalReader {
      var config = NodeConfig()
      config.dataDirectory = directory
      return try await SQLiteJournalReader.open(NodeJournals.options(service, config))
    }
    files = [
      try await reader(.order), try await reader(.payment), try await reader(.store),
      try await reader(.delivery),
    ]
    (order, payment, store, delivery) = (files[0], files[1], files[2], files[3])
    let views = Self.views(in: directory)
    // A node may never have run the dashboard; then there is nothing to compare.
    self.views = access("\(views)/dashboard.current", F_OK) == 0 ? views : nil
  }

  private static func views(in directory: String) -> String { "\(directory)/views" }

  /// - Parameter grace: how long a saga may be under way.
  func run(grace: Duration) async throws(RPCError) -> AuditReport {
    guard let order, let payment, let store, let delivery else {
      throw RPCError(
        code: .failedPrecondition,
        message: "an audit needs the journals of order, payment, store and delivery")
    }
    var report: AuditReport
    do throws(JournalError) {
      let now = Timestamp(ms: NodeClock.milliseconds())
      let last = try await lastSign(in: files)
      // A node that is at rest was late with nothing that has come since.
      let audit = Audit(
        orders: order, payments: payment, stores: store, deliveries: delivery,
        at: last.map { min($0, now) } ?? now, grace: grace)
      report = try await audit.run()
      // A service that was away until now is about to catch up.
      if Self.late.promises.contains(where: { report.finds($0) }) {
        try? await Task.sleep(for: Self.late.pause)
        report = try await audit.run().confirmed(by: report, Self.late.promises)
      }
      for file in files {
        for damage in try await file.integrityErrors(limit: AuditReport.violationsMax) {
          report.add("journal", file.name, "\(damage)")
        }
      }
    } catch {
      guard case .unavailable(let reason) = error else { throw RPCError(error) }
      throw RPCError(
        code: .unavailable, message: "a journal cannot be read at the moment: \(reason)",
        retryAfter: .seconds(2), cause: error)
    }
    // A fold of damaged journals says nothing about the view.
    guard let views, !report.finds("journal") else { return report }
    do throws(RPCError) {
      try await compare(views, [order, payment, store, delivery], &report)
    } catch {
      // What was found is told all the same.
      guard !report.isClean else { throw error }
      report.count("views not compared")
    }
    return report
  }

  /// When something was last written to these journals; nil when there are none, or nothing is
  /// in them.
  private func lastSign(in files: [SQLiteJournalReader]) async throws(JournalError) -> Timestamp? {
    var last: Timestamp?
    for file in files {
      for (index, head) in try await file.status().heads.enumerated() where head > .start {
        do throws(JournalError) {
          let events = try await file.read(
            partition: Partition(index), after: Position(head.value - 1), limit: 1)
          for event in events {
            let time = Timestamp(ms: event.recordedAt.milliseconds)
            last = max(last ?? time, time)
          }
        } catch {
          // The audit itself tells of damage.
          guard case .corrupt = error else { throw error }
        }
      }
    }
    return last
  }

  /// The dashboard's view against a fold of the journals, up to what it has taken in. That either
  /// cannot be read now says nothing about the view, and is thrown.
  private func compare(
    _ views: String, _ sources: [any EventSource], _ report: inout AuditReport
  ) async throws(RPCError) {
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(temporary)/baedal-audit-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw RPCError(
        code: .unavailable, message: "an audit needs room in \(temporary) (TMPDIR names another)")
    }
    let scratch = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { rmdir(scratch) }
    do throws(DashboardRebuildError) {
      for difference in try await differences(views, sources, scratch) {
        report.add("view", difference.orderID, difference.text)
      }
    } catch {
      switch error {
      case .view(.corrupt), .view(.outOfStep): report.add("view", views, "\(error)")
      case .source(let name, .corrupt): report.add("journal", name, "\(error)")
      case .view, .source:
        throw RPCError(
          code: .unavailable, message: "the view cannot be compared at the moment: \(error)",
          retryAfter: .seconds(2), cause: error)
      }
    }
  }

  private func differences(
    _ views: String, _ sources: [any EventSource], _ scratch: String
  ) async throws(DashboardRebuildError) -> [OrderDifference] {
    let directory: ViewDirectory
    do throws(ViewError) {
      directory = try ViewDirectory(path: views, name: DashboardStore.viewName)
    } catch { throw .view(error) }
    return try await DashboardAudit(sources: sources, scratch: scratch).differences(
      of: directory, limit: AuditReport.violationsMax)
  }
}

/// Checks the journals in a data directory, beside a running node or without one. Throws when they
/// cannot be opened; damage within is part of the report.
package func auditDataDirectory(
  _ directory: String, grace: Duration = .seconds(60)
) async throws -> AuditReport {
  try await NodeAudit(data: directory).run(grace: grace)
}
