import Domain
import Foundation
import Journal
import Logging
import NIOCore
import NIOPosix
import Services
import Synchronization
import Testing

@testable import Node

@Suite("The parts of a node without peers", .timeLimit(.minutes(1)))
struct NodePartsTests {
  /// What was logged as an error.
  private final class Errors: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private struct Handler: LogHandler {
    let errors: Errors
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error

    init(_ errors: Errors) { self.errors = errors }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = event.metadata ?? [:]
      errors.add("\(fields["service"] ?? "") follows \(fields["follows"] ?? "")")
    }
  }

  private func withParts(
    _ services: Set<ServiceName>, _ errors: Errors = Errors(),
    _ body: (NodeParts) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("node-parts-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var config = NodeConfig()
    config.services = services
    config.dataDirectory = folder
    config.signals.enabled = 0
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let parts = try await NodeParts(
      config, tls: try NodeTLS(config.tls), group: group, health: NodeHealth(),
      log: Logger(label: "test") { _ in Handler(errors) })
    try await body(parts)
    await parts.close()
    try await group.shutdownGracefully()
  }

  @Test("whoever follows what nobody runs is named to the log and to operators, and comes about")
  func missing() async throws {
    let cases: [(services: Set<ServiceName>, missing: [String])] = [
      ([.payment], ["payment follows order"]),
      ([.store, .delivery], ["store follows order", "delivery follows order"]),
      ([.order, .payment], ["order follows store", "order follows delivery"]),
      (
        [.dashboard, .order, .payment, .store],
        ["dashboard follows delivery", "order follows delivery"]
      ),
      (Set(ServiceName.allCases), []),
    ]
    for (services, missing) in cases {
      let errors = Errors()
      try await withParts(services, errors) { parts in
        #expect(errors.all == missing)
        let told = parts.background.register.entries
        #expect(told.count == missing.count)
        #expect(told.allSatisfy { !$0.isRunning && $0.lastReason.contains("neither here") })
      }
    }
  }

  @Test("a store that nobody runs has not been heard: the order goes on waiting for it")
  func unheard() async throws {
    try await withParts([.order, .payment]) { parts in
      let journal = try #require(parts.journals[.order])
      let stream = StreamKey(category: "order", id: "o-1")
      let due = Deadline(
        key: DeadlineKey(stream: stream, kind: OrderDeadline.storeSilent.rawValue),
        dueAt: NodeClock.journal.now(), owner: "order")
      _ = try await journal.append(
        Append(to: stream, expecting: .none, try Self.received(), deadlines: [.set(due)]))
      let background = parts.background
      let supervision = Supervision(
        works: background.works, policy: background.policy, register: background.register,
        time: .system, log: background.log)
      let running = Task { try await supervision.run() }
      while try await journal.deadlines(of: stream) == [due] {
        try await Task.sleep(for: .milliseconds(5))
      }
      let left = try await journal.deadlines(of: stream)
      running.cancel()
      try await running.value
      #expect(left.map(\.key) == [due.key])
      #expect(try await journal.load(stream).events.count == 3)
    }
  }

  /// The events of an order that its store has received.
  private static func received() throws -> [NewEvent] {
    let (id, store) = (OrderID(validated: "o-1"), StoreID(validated: "store-1"))
    let price = try Won(9_000)
    let line = OrderLine(
      item: MenuItemID(validated: "kimbap"), name: "김밥", unitPrice: price, quantity: 1)
    let draft = OrderDraft(
      id: id, customer: CustomerID(validated: "c-1"), store: store, lines: [line], total: price,
      deliveryAddress: "역삼로 1", area: try Area("역삼동"),
      paymentMethod: PaymentMethod(validated: "card"), fingerprint: Fingerprint(validated: "f"),
      menuVersion: 1, allowParking: true, expiresAt: Timestamp(ms: 0))
    let events: [OrderEvent] = [
      .submitted(draft),
      .placed(paymentKey: PaymentKey(id), amount: price, store: store, lines: [line]),
      .receivedByStore(at: Timestamp(ms: 0)),
    ]
    return try events.enumerated().map { index, event in
      let encoded = try OrderEventCodec().encode(event)
      return NewEvent(
        id: EventID("order/o-1/\(index + 1)"), type: encoded.type, payload: encoded.payload,
        metadata: EventMetadata(correlationID: "o-1", causationID: "test"))
    }
  }
}
