import Testing

extension SystemTests {
  @Suite("A client in Python, written from the protocol's specification")
  struct PythonClientTests {
    @Test("places an order and follows it to the doorstep")
    func delivered() async throws {
      let site = try Site()
      let python = try await Python(site)
      let node = try await site.start()
      defer { node.kill() }
      try await node.serving()
      let client = try python.run(
        "Tests/System/python/client.py", ["127.0.0.1", "\(node.port)"], name: "client")
      let ending = try await client.end(within: .seconds(120))
      #expect(ending == .exit(0), "\(client.errors)\n\(node.child.errors.suffix(2000))")
      let steps = client.output.split(separator: "\n").map(String.init)
      let road = [
        "OrderAccepted", "OrderCookingStarted", "OrderCookingFinished", "OrderDeliveryStarted",
        "OrderPickedUp", "OrderDelivered",
      ]
      #expect(steps.filter(road.contains) == road)
    }
  }
}
