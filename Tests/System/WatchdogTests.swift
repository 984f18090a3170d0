import Glibc
import Testing

extension SystemTests {
  @Suite("The watchdog")
  struct WatchdogTests {
    private static func config(fault: String) -> String {
      """
      http: {address: 127.0.0.1:0}
      node: {event_loops: 2}
      watchdog: {timeout_s: 0.5, grace_s: 1.5, fault: \(fault)}
      """
    }

    @Test(
      "a blocked event loop or journal writer: not alive, then the process ends with 70 and says why",
      arguments: [("loop", "event loop"), ("writer", "writer of")])
    func blocked(fault: String, name: String) async throws {
      let site = try Site()
      let node = try await site.start(Self.config(fault: fault))
      defer { node.kill() }
      #expect(try await node.probe("/livez").status == 200)
      try await until("node that is not alive") {
        let live = try await node.probe("/livez")
        return live.status == 503 && live.body.contains("[-]\(name)")
      }
      #expect(try await node.child.end(within: .seconds(30)) == .exit(70))
      let lines = node.child.errors.split(separator: "\n")
      #expect(lines.contains { $0.contains("the node is not alive") && $0.contains(name) })
      #expect(lines.last?.contains("stuck for too long; the process ends") == true)
      #expect(lines.last?.contains(name) == true, "\(node.child.errors)")
      // What was acknowledged is there when it is started again.
      let again = try await site.start(Self.config(fault: "none"))
      #expect(try await again.stop() == .exit(0))
    }

    @Test("a process that was stopped for longer than all of it goes on as if nothing had been")
    func stopped() async throws {
      let site = try Site()
      let node = try await site.start(Self.config(fault: "none"))
      defer { node.kill() }
      for _ in 0..<3 {
        node.child.send(SIGSTOP)
        try await Task.sleep(for: .seconds(3))
        node.child.send(SIGCONT)
        try await until("answer") { try await node.probe("/livez").status == 200 }
      }
      #expect(!node.child.errors.contains("stuck"), "\(node.child.errors)")
      #expect(try await node.stop() == .exit(0))
    }
  }
}
