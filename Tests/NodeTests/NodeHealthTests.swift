import Gateway
import Messages
import Synchronization
import Testing
import Transport

@testable import Node

@Suite("How a node is")
struct NodeHealthTests {
  private static let order = "baedal.order.v1.OrderService"
  private static let store = "baedal.store.v1.StoreService"
  private static let describe = "baedal.describe.v1.DescribeService"

  /// A node with order, store and what every node has.
  private func node(_ phase: NodeHealth.Phase = .serving) -> NodeHealth {
    let health = NodeHealth()
    health.serve(
      ServiceName.served(by: [
        "\(Self.order)/PlaceOrder", "\(Self.order)/GetOrder", "\(Self.store)/GetStore",
        "\(Self.describe)/Describe",
      ]))
    health.enter(phase)
    return health
  }

  private func statuses(_ health: NodeHealth) -> [ServingStatus?] {
    ["", Self.order, Self.store, Self.describe].map { health.registry.status(of: $0) }
  }

  private func passes(_ health: NodeHealth) -> [Bool] {
    Probe.allCases.map { ProbeReport($0, health.checks(of: $0)).isPassed }
  }

  @Test("while it starts it is alive, and neither ready nor started")
  func starting() {
    let health = node(.starting)
    #expect(passes(health) == [true, false, false])
    #expect(statuses(health) == [.notServing, .notServing, .notServing, .notServing])
  }

  @Test("when it serves all is well")
  func serving() {
    let health = node()
    #expect(passes(health) == [true, true, true])
    #expect(statuses(health) == [.serving, .serving, .serving, .serving])
  }

  @Test("while it drains it is alive and not ready, and nothing takes that back")
  func draining() {
    let health = node(.draining)
    health.enter(.serving)
    health.find(NodeHealth.Finding(name: "room"))
    #expect(passes(health) == [true, false, true])
    #expect(statuses(health) == [.notServing, .notServing, .notServing, .notServing])
  }

  @Test("who is stuck makes it neither alive nor ready")
  func stuck() {
    let health = node()
    health.see([ProbeCheck("event loop 1"), ProbeCheck("event loop 2", problem: "no answer")])
    #expect(passes(health) == [false, false, true])
    #expect(statuses(health) == [.notServing, .notServing, .notServing, .notServing])
    health.see([ProbeCheck("event loop 1"), ProbeCheck("event loop 2")])
    #expect(passes(health) == [true, true, true])
    #expect(statuses(health) == [.serving, .serving, .serving, .serving])
  }

  @Test("what is amiss with one service concerns it and the node as a whole, not the others")
  func oneService() {
    let health = node()
    health.find(NodeHealth.Finding(name: "journal of store", service: .store, problem: "full"))
    #expect(passes(health) == [true, false, true])
    #expect(statuses(health) == [.notServing, .serving, .notServing, .serving])
    #expect(
      ProbeReport(.readiness, health.checks(of: .readiness)).text(isVerbose: false)
        == "[-]journal of store failed: full\n")
    health.find(NodeHealth.Finding(name: "journal of store", service: .store))
    #expect(passes(health) == [true, true, true])
  }

  @Test("what is amiss with the node concerns everybody")
  func wholeNode() {
    let health = node()
    health.find(NodeHealth.Finding(name: "room on disk", problem: "1 MiB left"))
    #expect(passes(health) == [true, false, true])
    #expect(statuses(health) == [.notServing, .notServing, .notServing, .notServing])
  }

  @Test("room on disk is counted in MiB, however much there is")
  func room() {
    #expect(ReadinessCheck.mebibytes(255, of: 4096) == 0)
    #expect(ReadinessCheck.mebibytes(256, of: 4096) == 1)
    #expect(ReadinessCheck.mebibytes(.max, of: 4096) == 17_592_186_044_415)
  }

  /// What a check of a subscription finds, look by look, when it is so far behind.
  private func found(isRemote: Bool, behind lags: [Int64?]) async -> [String?] {
    let left = Mutex(lags)
    let check = ReadinessCheck.caughtUp(
      "order.payment", of: .order, isRemote: isRemote, within: { 10 },
      lag: { left.withLock { $0.removeFirst() } })
    var problems: [String?] = []
    for _ in lags { problems.append(await check.look()) }
    return problems
  }

  @Test("who was once well stays so, also when a node comes back with much to catch up with")
  func caughtUp() async {
    #expect(
      await found(isRemote: false, behind: [nil, 99, 10, 99])
        == ["has not begun", "99 events behind", nil, nil])
    #expect(
      await found(isRemote: true, behind: [99, 10, 99]) == ["99 events behind", nil, nil])
    #expect(await found(isRemote: true, behind: [nil, 99]) == [nil, nil])
  }
}
