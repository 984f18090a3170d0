import Foundation
import Journal
import Services
import Testing
import Transport
import Views

@testable import Node

@Suite("A node's audit of its view")
struct NodeAuditTests {
  private let scratch = FileManager.default.temporaryDirectory
    .appendingPathComponent("node-audit-\(UUID().uuidString)")

  private func config() throws -> NodeConfig {
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    var config = NodeConfig()
    config.dataDirectory = scratch.path
    return config
  }

  /// Of journals without events.
  private func audit(_ config: NodeConfig) -> NodeAudit {
    func journal(_ name: String) -> AnyEventSource {
      AnyEventSource(
        MemoryJournal(
          name: name, epoch: JournalEpoch("\(name)-1"), now: { WallTime(milliseconds: 0) }))
    }
    return NodeAudit(
      order: journal("order"), payment: journal("payment"), store: journal("store"),
      delivery: journal("delivery"), config)
  }

  @Test("a view that cannot be read now ends it, and is accused of nothing")
  func unavailable() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let audit = audit(try config())
    let error = await #expect(throws: RPCError.self) {
      try await audit.run(grace: .seconds(60))
    }
    #expect(error?.code == .unavailable)
  }

  @Test("a damaged view is a finding, a whole one is not")
  func damaged() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let config = try config()
    let audit = audit(config)
    let dashboard = try NodeDashboard(config, sources: [])
    #expect(try await audit.run(grace: .seconds(60)).violations == [])
    await dashboard.view.close()
    let views = scratch.appendingPathComponent("views")
    let name = try String(
      contentsOf: views.appendingPathComponent("dashboard.current"), encoding: .utf8)
    let file = views.appendingPathComponent(name)
    var bytes = try Data(contentsOf: file)
    // Of the words with which every database begins.
    bytes[0] ^= 0x40
    try bytes.write(to: file)
    let report = try await audit.run(grace: .seconds(60))
    #expect(report.violations.map(\.promise) == ["view"])
  }
}
