import Testing

@testable import Domain

@Suite("Shared values")
struct SharedTests {
  @Test("identifiers have 1 to 64 bytes of a safe alphabet")
  func identifiers() {
    let fine = ["a", "A-Z.0_9~:x", String(repeating: "x", count: 64)]
    let bad = [
      "", " ", "a b", "a/b", "역삼", "a\0", "a\n", "é", String(repeating: "x", count: 65),
    ]
    for text in fine { #expect(OrderID(rawValue: text)?.rawValue == text) }
    for text in bad {
      #expect(OrderID(rawValue: text) == nil, "\(text.debugDescription)")
      #expect(throwsCode(.invalid) { try OrderID(text) })
    }
    #expect(PaymentMethod(rawValue: String(repeating: "x", count: 128)) != nil)
    #expect(OrderID(validated: "a") < OrderID(validated: "b"))
  }

  @Test("money is never negative and never overflows")
  func money() throws {
    #expect(throws: MoneyError.negative) { try Won(-1) }
    #expect(throws: MoneyError.negative) { try Won(.min) }
    #expect(throws: MoneyError.overflow) { try Won.max.adding(won(1)) }
    #expect(throws: MoneyError.negative) { try won(1).subtracting(won(2)) }
    #expect(throws: MoneyError.overflow) { try Won.max.multiplied(by: 2) }
    #expect(throws: MoneyError.negative) { try won(1).multiplied(by: -1) }
    #expect(throws: MoneyError.overflow) { try Won.sum([.max, won(1)]) }
    #expect(try Won.max.adding(.zero) == .max)
    #expect(try won(3).multiplied(by: 4) == won(12))
    #expect(try won(3).subtracting(won(3)) == .zero)
    #expect(won(1).subtractingOrZero(won(2)) == .zero)
  }

  @Test("time saturates instead of overflowing")
  func time() {
    #expect(Timestamp(ms: 5).advanced(by: .milliseconds(7)).ms == 12)
    #expect(Timestamp(ms: 5).advanced(by: .milliseconds(-7)).ms == -2)
    #expect(Timestamp.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
    #expect(Timestamp(ms: .min).advanced(by: .seconds(-1)).ms == .min)
    #expect(Timestamp(ms: 0).advanced(by: .seconds(Int64.max)) == .distantFuture)
    #expect(Timestamp(ms: .min).ms(since: .distantFuture) == .min)
    #expect(Timestamp.distantFuture.ms(since: Timestamp(ms: -1)) == .max)
    #expect(Timestamp(ms: 12).ms(since: Timestamp(ms: 5)) == 7)
  }

  @Test("an area is any text that is not blank and not long")
  func areas() {
    #expect(throwsCode(.invalid) { try Area(" \n") })
    #expect(throwsCode(.invalid) { try Area(String(repeating: "가", count: 34)) })
    #expect(Area.here.name == "역삼동")
  }

  @Test("a reason that came with a fact is cut between characters, not refused")
  func clipping() {
    let long = String(repeating: "가", count: 400)
    let clipped = TextLimit.clipped(long)
    #expect(clipped == String(repeating: "가", count: 166))
    #expect(TextLimit.clipped("짧다") == "짧다")
  }

  @Test("names of events are unique across all aggregates, since a journal stores them")
  func eventNames() {
    var names: [String] = []
    names += OrderEventKind.allCases.map(\.rawValue)
    names += PaymentEventKind.allCases.map(\.rawValue)
    names += StoreProfileEventKind.allCases.map(\.rawValue)
    names += TicketEventKind.allCases.map(\.rawValue)
    names += DeliveryEventKind.allCases.map(\.rawValue)
    names += RiderEventKind.allCases.map(\.rawValue)
    #expect(Set(names).count == names.count)
  }
}

@Suite("Printed tables")
struct PrintedTableTests {
  @Test("every row of every table is printed, in text and in Markdown")
  func everyRow() {
    let rows =
      Order.table.rows.count + Payment.table.rows.count + StoreProfile.table.rows.count
      + Ticket.table.rows.count + Delivery.table.rows.count + Rider.table.rows.count
    #expect(DomainTables.transitions.map(\.rows.count).reduce(0, +) == rows)
    for table in DomainTables.transitions + DomainTables.deadlines() {
      #expect(table.rows.allSatisfy { $0.count == table.header.count })
      #expect(table.text.split(separator: "\n").count == table.rows.count + 3)
      #expect(table.markdown.contains("## \(table.title)"))
    }
    #expect(DomainTables.text.contains("storeAccepted"))
    #expect(DomainTables.markdown.contains("| storeAccepted | placed | service |"))
  }

  @Test("columns are aligned, and a bar in a cell does not break a Markdown row")
  func layout() {
    let table = PrintedTable(
      title: "T", header: ["a", "b"], rows: [["long", "x | y"], ["s", ""]])
    #expect(table.text == "T\na     b\n----  -----\nlong  x | y\ns\n")
    #expect(table.markdown == "## T\n\n| a | b |\n| --- | --- |\n| long | x \\| y |\n| s |  |\n")
  }

  @Test("every event of every aggregate is produced by some row")
  func everyEvent() {
    func produced<D: Decider>(_ decider: D.Type) -> Set<D.EventKind> {
      Set(D.table.rows.flatMap { $0.outcomes.flatMap(\.events) })
    }
    #expect(produced(Order.self) == Set(OrderEventKind.allCases))
    #expect(produced(Payment.self) == Set(PaymentEventKind.allCases))
    #expect(produced(StoreProfile.self) == Set(StoreProfileEventKind.allCases))
    #expect(produced(Ticket.self) == Set(TicketEventKind.allCases))
    #expect(produced(Delivery.self) == Set(DeliveryEventKind.allCases))
    #expect(produced(Rider.self) == Set(RiderEventKind.allCases))
  }
}
