import Foundation
import Testing

extension SystemTests {
  @Suite("A client in Python, written from the protocol's specification")
  struct PythonClientTests {
    private static let tests = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
    private static let root = tests.deletingLastPathComponent()

    @Test("places an order and follows it to the doorstep")
    func delivered() async throws {
      let site = try Site()
      let python = try await interpreter(site)
      try await generateMessages(site)
      let node = try await site.start()
      defer { node.kill() }
      let script = Self.tests.appendingPathComponent("System/python/client.py").path
      let client = try Child(
        [python, script, "127.0.0.1", "\(node.port)"],
        environment: ["PYTHONPATH": site.folder, "PYTHONDONTWRITEBYTECODE": "1"],
        logs: site.folder, name: "client")
      let ending = try await client.end(within: .seconds(120))
      #expect(ending == .exit(0), "\(client.errors)\n\(node.child.errors.suffix(2000))")
      let steps = client.output.split(separator: "\n").map(String.init)
      let road = [
        "OrderAccepted", "OrderCookingStarted", "OrderCookingFinished", "OrderDeliveryStarted",
        "OrderPickedUp", "OrderDelivered",
      ]
      #expect(steps.filter(road.contains) == road)
    }

    /// Of a virtual environment with Python's protobuf, made at its first use.
    private func interpreter(_ site: Site) async throws -> String {
      let venv = Self.root.appendingPathComponent(".build/system-test-python").path
      let setup = try Child(
        ["sh", Self.tests.appendingPathComponent("MessagesTests/python/setup.sh").path],
        environment: ["BAEDAL_TEST_VENV": venv], logs: site.folder, name: "setup")
      let ending = try await setup.end(within: .seconds(300))
      try #require(ending == .exit(0), "\(setup.errors)")
      return setup.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The messages in Python, beside the node's data.
    private func generateMessages(_ site: Site) async throws {
      let proto = Self.root.appendingPathComponent("proto").path
      let names = try FileManager.default.subpathsOfDirectory(atPath: "\(proto)/baedal")
        .filter { $0.hasSuffix(".proto") }.map { "baedal/\($0)" }
      let protoc = try Child(
        ["protoc", "--proto_path=\(proto)", "--python_out=\(site.folder)"] + names,
        logs: site.folder, name: "protoc")
      let ending = try await protoc.end()
      try #require(ending == .exit(0), "\(protoc.errors)")
    }
  }
}
