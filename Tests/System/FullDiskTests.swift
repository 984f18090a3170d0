import Glibc
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("A disk that is full")
  struct FullDiskTests {
    @Test("new orders are refused, nothing acknowledged is lost, and with room it goes on")
    func full() async throws {
      // Inherited: a file that may not grow is an error then, not the end of the process.
      signal(SIGXFSZ, SIG_IGN)
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node, connections: 4)
      try await town.open()
      let ledger = Ledger()
      try await fill(town, ledger, 0..<50)
      try await limitFiles(of: node, at: site, to: 4096)
      let codes = try await refusals(town, ledger)
      #expect(codes.isSubset(of: [.unavailable, .unknown, .resourceExhausted]), "\(codes)")
      #expect(codes.contains(.unavailable), "\(codes)")
      // What is known can still be read.
      let known = try #require(ledger.acknowledged.first)
      #expect(try await town.order(known.value.orderID).orderID == known.value.orderID)
      #expect(node.isRunning)

      try await limitFiles(of: node, at: site, to: nil)
      try await until("order with room again") {
        try await town.place(Town.request("room again")).state == .placed
      }
      #expect(try await missing(town, ledger) == [])
      await town.close()
      #expect(try await node.stop() == .exit(0))

      let again = try await site.start()
      defer { again.kill() }
      let later = Town(again, connections: 4)
      #expect(try await missing(later, ledger) == [])
      _ = try await later.placed("after a restart")
      #expect(try await later.audit().violations == [])
      await later.close()
    }

    private func fill(_ town: Town, _ ledger: Ledger, _ numbers: Range<Int>) async throws {
      for number in numbers {
        let key = "k\(number)"
        ledger.acknowledge(key, try await town.place(Town.request(key)))
      }
    }

    /// Orders until a hundred in a row were refused; says with which codes.
    private func refusals(_ town: Town, _ ledger: Ledger) async throws -> Set<StatusCode> {
      var codes: Set<StatusCode> = []
      var inARow = 0
      var number = 0
      try await until("full disk", within: .seconds(120)) {
        for _ in 0..<10 {
          number += 1
          let key = "full \(number)"
          do throws(RPCError) {
            let order = try await town.place(Town.request(key))
            ledger.acknowledge(key, order)
            if order.paid { inARow = 0 }
          } catch {
            codes.insert(error.code)
            inARow += 1
          }
        }
        return inARow >= 100
      }
      return codes
    }

    private func missing(_ town: Town, _ ledger: Ledger) async throws -> [Loss] {
      var losses: [Loss] = []
      for (key, order) in ledger.acknowledged {
        do throws(RPCError) {
          let found = try await town.order(order.orderID)
          if let loss = Loss(key, acknowledged: order, found: found) { losses.append(loss) }
        } catch {
          guard error.code == .notFound else { throw error }
          losses.append(.missing(key: key))
        }
      }
      return losses
    }

    /// No file of the node may grow beyond that; nil: as large as they like.
    private func limitFiles(of node: NodeProcess, at site: Site, to bytes: Int?) async throws {
      let limit = bytes.map { "\($0):" } ?? "unlimited"
      let prlimit = try Child(
        ["prlimit", "--pid", "\(node.pid)", "--fsize=\(limit)"], logs: site.folder, name: "limit")
      #expect(try await prlimit.end() == .exit(0), "\(prlimit.errors)")
    }
  }
}
