import Credentials
import Foundation
import Messages
import Node
import Testing
import Transport

extension SystemTests {
  @Suite("A node under attack")
  struct AttackTests {
    @Test("refuses a hello that comes again, and what comes behind it")
    func secondHello() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let socket = try RawSocket(node.port)
      try socket.hello()
      try socket.hello("operator", "boss")
      try socket.send(
        .call(Call(callID: 1, method: AdminServiceMethods.getNode.path, payload: [])))
      let frames = try await socket.framesUntilClosed()
      guard case .goAway(let goAway) = frames.last else {
        Issue.record("\(frames) instead of a go-away")
        return
      }
      #expect(StatusCode(wire: goAway.status?.code ?? 0) == .invalidArgument)
      #expect(goAway.lastCallID == 0)
      try await until("line in the log") {
        node.child.errors.contains("hello is not for a server to receive here")
      }
    }

    @Test("does not believe that somebody calls on another's behalf, and notes who tried")
    func onBehalf() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let id = try await town.placed("not yours").orderID
      let behalf = [Metadata(key: "baedal-on-behalf-of", value: "customer/c-1")]
      let payload = try GetOrderRequest(orderID: id).serialized()
      for (role, code) in [("customer", StatusCode.notFound), ("service", .ok)] {
        let socket = try RawSocket(node.port)
        try socket.hello(role, "\(role)-2")
        try socket.send(
          .call(
            Call(
              callID: 1, method: OrderServiceMethods.getOrder.path, payload: payload,
              metadata: behalf)))
        var (received, frames) = ([UInt8](), [Frame.Kind]())
        try await until("answer") {
          received += socket.receive() ?? []
          frames += try RawSocket.frames(of: &received)
          return frames.count > 1
        }
        switch frames.last {
        case .end(let end): #expect(StatusCode(wire: end.status?.code ?? 0) == code)
        case .reply: #expect(code == .ok)
        default: Issue.record("\(frames)")
        }
      }
      let other = Person("customer", "c-2", of: node.port)
      await expect(code: .notFound) {
        _ = try await other.call(
          OrderServiceMethods.cancelOrder, CancelOrderRequest(orderID: id, reason: "심술"))
      }
      await expect(code: .notFound) {
        let watch = WatchOrderRequest(orderID: id)
        _ = try await other.first(
          DashboardServiceMethods.watchOrder.path, payload: watch.serialized())
      }
      await other.close()
      await town.close()
      for method in ["GetOrder", "CancelOrder", "WatchOrder"] {
        let line = node.child.errors.split(separator: "\n").last {
          $0.contains("call refused") && $0.contains("/\(method)")
        }
        #expect(line?.contains("customer:c") == true, "\(method)")
        #expect(line?.contains("NOT_FOUND") == true, "\(method)")
      }
    }

    @Test("notes refused calls, however many, in a few lines")
    func logFlood() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let start = ContinuousClock.now
      let eager = Person("customer", "c-1", of: node.port)
      for _ in 0..<2000 {
        await expect(code: .permissionDenied) {
          _ = try await eager.call(AdminServiceMethods.getNode, GetNodeRequest())
        }
      }
      let seconds = Int((ContinuousClock.now - start) / .seconds(1)) + 1
      await eager.close()
      let lines = {
        node.child.errors.split(separator: "\n").filter { $0.contains("call refused") }
      }
      // What was left out is counted, to the last one.
      try await until("2000 refusals in the log") {
        2000
          == lines().reduce(0) { sum, line in
            let skipped = line.split(separator: "skipped=").dropFirst().first
            let count = skipped?.prefix { $0.isNumber }
            return sum + (count.flatMap { Int($0) } ?? 0) + (line.contains("principal") ? 1 : 0)
          }
      }
      #expect((20...(22 + 6 * seconds)).contains(lines().count))
      #expect(lines().first?.contains("customer:c-1") == true)
    }

    @Test("notes who calls too often")
    func eager() async throws {
      let site = try Site()
      let node = try await site.start("access: {calls_per_second: 1, calls_burst: 1}")
      defer { node.kill() }
      let eager = Person("customer", "c-1", of: node.port)
      let refused = try await eventually("refusal") { () -> RPCError? in
        do throws(RPCError) {
          _ = try await eager.call(
            DashboardServiceMethods.listCustomerOrders, ListCustomerOrdersRequest(customerID: "c-1")
          )
          return nil
        } catch { return error }
      }
      #expect(refused.code == .resourceExhausted && refused.retryAfter != nil, "\(refused)")
      await eager.close()
      try await until("line in the log") {
        node.child.errors.contains("too many calls a second")
      }
    }

    @Test("turns away who connects too often, says so, and serves the others")
    func connections() async throws {
      let site = try Site()
      // So few that a slow machine does not make room meanwhile.
      let node = try await site.start(
        "access: {connections_per_second: 1, connections_burst: 40}")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let sockets = try (0..<200).map { _ in try RawSocket(node.port) }
      try await until("end of most") { sockets.count { $0.isClosed } > 100 }
      let frames = try await RawSocket(node.port).framesUntilClosed()
      guard case .goAway(let goAway) = frames.last else {
        Issue.record("\(frames) instead of a go-away")
        return
      }
      #expect(StatusCode(wire: goAway.status?.code ?? 0) == .resourceExhausted)
      #expect(goAway.status?.message == "too many connections a second")
      _ = try await town.placed("still well")
      await town.close()
      #expect(node.child.errors.contains("too many connections a second"))
    }

    @Test("ends a stream with the token that opened it")
    func streamOutlivesToken() async throws {
      let site = try Site()
      let issuer = try TokenIssuer(keyID: "k-1")
      try Data(try issuer.added(to: nil).utf8).write(
        to: URL(fileURLWithPath: "\(site.folder)/keys.json"), options: .atomic)
      let node = try await site.start("access: {token_keys_file: \(site.folder)/keys.json}")
      defer { node.kill() }
      let token = try await issuer.issue(
        TokenClaims(
          role: "operator", subject: "boss", issued: NodeTLS.systemSeconds() - 3597, lasting: 3600))
      let boss = Person("operator", "boss", of: node.port, token: token)
      let signals = try await boss.stream(
        SignalsServiceMethods.watchSignals, WatchSignalsRequest(intervalMs: 100))
      var count = 0
      await expect(code: .unauthenticated) {
        for try await _ in signals { count += 1 }
      }
      #expect(count > 0)
      await boss.close()
    }
  }
}
