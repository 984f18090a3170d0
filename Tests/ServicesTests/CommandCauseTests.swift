import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Where a command comes from")
struct CommandCauseTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let span = "b7ad6b7169203331"
  private static let ids = "\(trace)-\(span)"
  private static let traceparent = "00-\(ids)-01"
  private static let long = String(repeating: "a", count: 2_000)

  private static func context(_ traceparent: String) -> CallContext {
    CallContext(
      local: MoneyWorld.customer, metadata: ["traceparent": traceparent], clock: .system)
  }

  private static func kept(_ traceparent: String) -> String? {
    CommandCause(context(traceparent), correlationID: "o-1").traceparent
  }

  @Test("W3C's trace context is kept, and nothing else that a caller sends in its place")
  func form() {
    for text in [Self.traceparent, "00-\(Self.ids)-00", "00-\(Self.ids)-ff"] {
      #expect(Self.kept(text) == text)
    }
    let zeros = String(repeating: "0", count: 32)
    let others: [String] = [
      "", "00", "-", Self.ids, Self.long, "00-\(Self.ids)", "00-\(Self.ids)-1",
      "00-\(Self.ids)-01-", "00-\(Self.ids)-0\u{0}", "00-\(Self.ids)-0g", "00-\(Self.ids)_01",
      "01-\(Self.ids)-01", "ff-\(Self.ids)-01", "00-\(Self.ids.uppercased())-01",
      "00-\(zeros)-\(Self.span)-01", "00-\(Self.trace)-\(zeros.prefix(16))-01",
      "00-\(Self.span)-\(Self.trace)-01",
    ]
    for text in others {
      #expect(Self.kept(text) == nil, "\(text)")
      // From another service's event.
      let cause = CommandCause(correlationID: "o-1", causationID: "e-1", traceparent: text)
      #expect(cause.traceparent == nil, "\(text)")
    }
  }

  @Test("an order comes about whatever its caller sends for a trace context")
  func orders() async throws {
    let world = try MoneyWorld()
    let cases: [(sent: String, kept: String?)] = [
      (Self.traceparent, Self.traceparent), (Self.long, nil), ("00-\u{0}", nil),
    ]
    for (sent, kept) in cases {
      let answer = try await world.orderService.placeOrder(
        MoneyWorld.request("\(sent.utf8.count)"), context: Self.context(sent))
      let order = try #require(answer.order)
      #expect(order.state == .placed)
      let stream = StreamKey(category: "order", id: order.orderID)
      let events = try await world.orders.load(stream).events
      #expect(events.map(\.metadata.traceparent) == [kept, kept])
    }
  }
}
