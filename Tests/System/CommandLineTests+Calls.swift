import Messages
import Testing

extension SystemTests.CommandLineTests {
  @Test("an answer that is lost leaves the key to ask again with, and nothing is done twice")
  func lostAnswers() async throws {
    try await withNode { site, node, id in
      let refund = "payment refund \(id) 1000"
      let refundKey = try await Self.keyOfLost(refund, "Refund", "--refund-key", site, node)
      let refunded = try await site.run("\(refund) --refund-key \(refundKey) --json", on: node)
      let payment = try #require(try refunded.message()["payment"] as? [String: Any])
      #expect(payment["refundedWon"] as? String == "1000")

      let place = "order place chicken:1 cola:2 --store store-1 --as customer:c-1"
      let key = try await Self.keyOfLost(place, "PlaceOrder", "--key", site, node)
      let placed = try await site.run("\(place) --key \(key) --json", on: node)
      #expect(try placed.order()["state"] as? String == "ORDER_STATE_PLACED")
      let town = Town(node)
      let counts = try await town.audit().counts
      // The other one was there before.
      #expect(counts.first { $0.name == "orders" }?.value == 2, "\(counts)")
      await town.close()

      // An answer tells the key too; a refusal needs none.
      let told = try await site.run("\(refund) --refund-key again-and-again", on: node)
      #expect(told.output.contains("refunded 2,000 won"), "\(told)")
      #expect(told.output.contains("again-and-again"), "\(told)")
      let refused = try await site.run("payment refund \(id) 1000000", on: node)
      #expect(refused.isOneLine(exit: 1), "\(refused)")
      #expect(!refused.errors.contains("--refund-key"), "\(refused)")
    }
  }

  @Test("a call may take ten seconds, an audit an hour, a stream for ever, or what --timeout says")
  func timeouts() async throws {
    try await withNode { site, node, _ in
      let tap = try await Wiretap(to: node.port)
      /// What is left when the call is sent: a little may be gone by then.
      func given(_ command: String, _ method: String) async throws -> UInt64? {
        let printed = try await site.run(command, port: tap.port)
        #expect(printed.ending == .exit(0), "\(command): \(printed)")
        return tap.timeoutsUs[method].map { ($0 + 4_999_999) / 5_000_000 * 5 }
      }
      #expect(try await given("node", "GetNode") == 10)
      #expect(try await given("node --timeout 50", "GetNode") == 50)
      #expect(try await given("call AdminService/GetNode", "GetNode") == 10)
      #expect(try await given("audit", "Audit") == 3600)
      #expect(try await given("call AdminService/Audit", "Audit") == 3600)
      #expect(try await given("audit --timeout 50", "Audit") == 50)
      #expect(try await given("dashboard rebuild", "RebuildDashboard") == 0)
      #expect(try await given("dashboard rebuild --timeout 50", "RebuildDashboard") == 50)
      await tap.close()
    }
  }

  @Test("a stream ends when --timeout says so")
  func streamsEnd() async throws {
    try await withNode { site, node, id in
      for command in [
        "order watch \(id) --as customer:c-1", "health --watch", "signals --watch",
        "autoscale watch", "call HealthService/Watch {}",
      ] {
        let printed = try await site.run("\(command) --timeout 0.2", on: node)
        #expect(printed.ending == .exit(3), "\(command): \(printed)")
        #expect(printed.errors.contains("DEADLINE_EXCEEDED"), "\(command): \(printed)")
      }
    }
  }

  @Test("a stream that nobody reads any more ends with the next thing that it would say")
  func closedPipe() async throws {
    try await withNode { site, node, _ in
      let program = try Site.program()
      for command in [
        "signals --watch --interval-ms 100", "signals --watch --interval-ms 100 --json",
        "call SignalsService/WatchSignals '{\"intervalMs\": 100}'",
      ] {
        let whole = "\(program) \(command) --connect 127.0.0.1:\(node.port)"
        let child = try Child(
          ["sh", "-c", "(\(whole); echo $? >&2) | head -n 1"], logs: site.folder, name: "pipe")
        #expect(try await child.end() == .exit(0), "\(command)")
        #expect(child.output.split(separator: "\n").count == 1, "\(command): \(child.output)")
        // As a shell tells of SIGPIPE.
        #expect(child.errors == "141\n", "\(command): \(child.errors)")
      }
    }
  }

  /// Runs a command whose answer is lost, and gives the key that its error names.
  private static func keyOfLost(
    _ command: String, _ method: String, _ option: String, _ site: Site, _ node: NodeProcess
  ) async throws -> String {
    let tap = try await Wiretap(to: node.port, losing: method)
    let lost = try await site.run(command, port: tap.port)
    await tap.close()
    #expect(lost.isOneLine(exit: 3), "\(lost)")
    #expect(lost.errors.hasPrefix("UNAVAILABLE"), "\(lost)")
    let words = lost.errors.split { $0 == " " || $0.isNewline }.map(String.init)
    #expect(words.dropLast().last == option, "\(lost)")
    return try #require(words.last)
  }
}
