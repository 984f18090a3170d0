import Journal
import Testing
import Views

@Suite("One order's row")
struct OrderRecordTests {
  @Test("every interleaving of the four journals ends in the same row")
  func interleavings() {
    let course = Course("o1")
    let canonical = course.canonical
    for seed in 0..<500 {
      var random = Seeded(UInt64(seed))
      var record = OrderRecord(orderID: "o1")
      for change in course.interleaved(&random) { record.apply(change) }
      #expect(record == canonical, "seed \(seed)")
    }
    #expect(canonical.row.stage.isTerminal)
    #expect(canonical.row.riderID == "r1")
    #expect(canonical.row.payment == "PaymentSettled")
    #expect(canonical.row.updatedAt == WallTime(milliseconds: 1099))
  }

  @Test("events handed in again, at any time, change nothing")
  func repeats() {
    let course = Course("o1")
    for seed in 0..<100 {
      var random = Seeded(UInt64(seed))
      var record = OrderRecord(orderID: "o1")
      var seen: [OrderChange] = []
      for change in course.interleaved(&random) {
        record.apply(change)
        seen.append(change)
        if let again = seen.randomElement(using: &random) {
          let isChanged = record.apply(again)
          #expect(!isChanged)
        }
      }
      #expect(record == course.canonical)
    }
  }

  @Test("steps are told by time, and those of one service in their own order")
  func stepOrder() {
    let steps = Course("o1").canonical.steps
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.at <= $1.at })
    for service in OrderJournal.allCases {
      let versions = steps.filter { $0.service == service }.map(\.version)
      #expect(versions == versions.sorted())
    }
    #expect(steps.first?.event == "OrderSubmitted")
    #expect(steps.last?.event == "PaymentSettled")
  }

  @Test("a missing event stalls its own stream, and the others go on")
  func gap() {
    var record = OrderRecord(orderID: "o1")
    let course = Course("o1")
    record.apply(course.streams[0][0])
    record.apply(course.streams[0][2])
    #expect(
      record.stalls == [
        OrderStall(service: .order, version: 3, reason: "version 3 follows 1")
      ])
    let skipped = [course.streams[0][1], course.streams[1][0]].map { record.apply($0) }
    #expect(skipped == [false, true])
    #expect(record.row.versions.order == 1)
    #expect(record.row.payment == "PaymentRequested")
  }

  @Test("an unreadable event stalls its stream for good")
  func unreadable() {
    var record = OrderRecord(orderID: "o1")
    var change = Course("o1").streams[1][0]
    change.meaning = .unreadable("an event of unknown type")
    record.apply(change)
    #expect(record.stalls.map(\.reason) == ["PaymentRequested: an event of unknown type"])
    let isChanged = record.apply(Course("o1").streams[1][1])
    #expect(!isChanged)
  }

  @Test("the steps of one order are bounded, whatever the interleaving")
  func stepsBounded() {
    var record = OrderRecord(orderID: "o1")
    for version in 1...Int64(2 * OrderRecord.stepsPerServiceMax) {
      record.apply(
        OrderChange(
          orderID: "o1", service: .delivery, version: version,
          at: WallTime(milliseconds: version), event: "DeliveryOffered",
          meaning: .effect(OrderEffect())))
    }
    #expect(record.steps.count == OrderRecord.stepsPerServiceMax)
    #expect(record.row.versions.delivery == Int64(2 * OrderRecord.stepsPerServiceMax))
  }

  @Test("a long reason is cut between two characters")
  func cutDetail() throws {
    var effect = OrderEffect()
    effect.detail = String(repeating: "배", count: 200)
    var record = OrderRecord(orderID: "o1")
    record.apply(
      OrderChange(
        orderID: "o1", service: .order, version: 1, at: WallTime(milliseconds: 1),
        event: "OrderSubmitted", meaning: .effect(effect)))
    let detail = try #require(record.steps.first?.detail)
    #expect(detail == String(repeating: "배", count: 85))
  }
}
