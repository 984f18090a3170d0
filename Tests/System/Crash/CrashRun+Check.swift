import Messages
import Node
import Services
import Testing
import Transport

extension CrashRun {
  var promises: PromiseCheck { PromiseCheck(ledger: ledger, seed: seed) }

  /// Starts the node once more, lets everything under way come to its end, and checks that all
  /// promises were kept.
  func check() async throws {
    #expect(ledger.acknowledged.count >= cycles * 5, "hardly any load")
    let node = try await site.start(config)
    let town = Town(node, connections: 4)
    do { try await promises.all(town) } catch {
      Issue.record("the node's log ends with: \(node.child.errors.suffix(2000))")
      throw error
    }
    await town.close()
    #expect(try await node.stop() == .exit(0))
    let report = try await auditDataDirectory(site.data, grace: .seconds(1))
    #expect(report.violations == [], "seed \(seed)")
  }
}
