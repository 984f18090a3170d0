import Messages
import Synchronization
import Testing

@testable import Transport

/// A call that comes back to where it has been.
@Suite("The way of a call")
struct CallPathTests {
  @Test(
    "a way is refused when it comes back or is too long",
    arguments: [
      (nil, nil), ("", nil), ("payment@b", nil), ("order@b", nil), ("order@a2", nil),
      ("order@a", "the call goes round: order@a → order@a"),
      ("order@a,payment@b", "the call goes round: order@a → payment@b → order@a"),
      ("1,2,3,4,5,6,7", nil),
      (
        "1,2,3,4,5,6,7,8",
        "the call has come through 8 services, at most 8: "
          + "1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → order@a"
      ),
    ] as [(String?, String?)])
  func refusals(_ via: String?, _ expected: String?) {
    var metadata = CallMetadata()
    metadata.via = via
    let refusal = CallPath.refusal(metadata, to: "baedal.order.v1.OrderService/GetOrder", on: "a")
    #expect(refusal == expected)
    #expect(
      CallPath.refusal(metadata, to: "baedal.order.v1.OrderService/GetOrder", on: "") == nil)
  }

  @Test("each service adds its step once, also to calls that are continued within a node")
  func steps() {
    func context(_ method: String, _ metadata: CallMetadata) -> CallContext {
      CallContext(
        ServerCall(
          id: 1, method: method, deadline: .distantFuture, metadata: metadata,
          connection: ServerPeer(
            Identity(.anonymous), peer: Peer(address: "here"), clock: .system, node: "a"),
          route: .local, requestBytes: 0))
    }
    let first = context("baedal.order.v1.OrderService/PlaceOrder", CallMetadata())
    #expect(CallOptions(continuing: first).metadata.via == "order@a")
    let within = first.acting(as: Principal(role: "service", id: "order"))
    #expect(CallOptions(continuing: within).metadata.via == "order@a")
    let second = context("test.Service/Echo", CallOptions(continuing: within).metadata)
    #expect(CallOptions(continuing: second).metadata.via == "order@a,test.Service@a")
    let own = CallContext(local: .anonymous, clock: .system)
    #expect(CallOptions(continuing: own).metadata.via == nil)
  }

  @Test(
    "a node refuses what comes back, begins nothing, and takes the rest",
    arguments: Carrier.allCases)
  func refused(_ carrier: Carrier) async throws {
    try await withServer(carrier) { served in
      let client = served.client()
      var options = CallOptions()
      options.metadata.via = "order@b,test.Service@other"
      _ = try await client.unary(TestMethods.echo, Text(), options: options)
      options.metadata.via = "test.Service@server-1,order@b"
      let error = await failure(.failedPrecondition) { () async throws(RPCError) in
        try await client.unary(TestMethods.echo, Text(), options: options)
      }
      #expect(error.unprocessed)
      #expect(
        error.message
          == "the call goes round: test.Service@server-1 → order@b → test.Service@server-1")
      #expect(served.probe.contexts.withLock { $0.count } == 1)
      await client.transport.close()
    }
  }
}
