import Journal
import Testing
import Views

enum Adapter: CaseIterable, CustomTestStringConvertible {
  case memory, sqlite

  var testDescription: String { "\(self)" }

  func make(in scratch: Scratch) throws -> any OrderView {
    switch self {
    case .memory: MemoryOrderView()
    case .sqlite:
      try SQLiteOrderView.open(in: ViewDirectory(path: scratch.path, name: "dashboard"))
    }
  }
}

@Suite("Every adapter of the order view")
struct OrderViewContract {
  @Test("rows and cursors of a batch are there together", arguments: Adapter.allCases)
  func applies(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let course = Course("o1")
    for (at, stream) in course.streams.enumerated() {
      let source = ["order", "payment", "store", "delivery"][at]
      try await view.apply(ViewBatch(stream, source, through: Int64(stream.count)))
    }
    #expect(try await view.order("o1") == course.canonical)
    let cursors = try await view.cursors()
    #expect(cursors.position("order", 0) == 6)
    #expect(cursors.position("delivery", 0) == 5)
    #expect(cursors.position("delivery", 1) == .start)
    #expect(try await view.order("o2") == nil)
    await view.close()
    await #expect(throws: ViewError.closed) { try await view.order("o1") }
  }

  @Test("concurrent batches of all partitions end in the same rows", arguments: Adapter.allCases)
  func concurrent(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let courses = (0..<40).map { Course("o\($0)", customer: "c\($0 % 3)", at: Int64($0)) }
    await withThrowingTaskGroup(of: Void.self) { group in
      for (partition, course) in courses.enumerated() {
        for (at, stream) in course.streams.enumerated() {
          let source = ["order", "payment", "store", "delivery"][at]
          group.addTask {
            for (index, change) in stream.enumerated() {
              try await view.apply(
                ViewBatch([change], source, partition: partition, through: Int64(index + 1)))
            }
          }
        }
      }
    }
    for course in courses {
      #expect(try await view.order(course.orderID) == course.canonical)
    }
    #expect(try await view.records(afterID: "", limit: 100).count == 40)
    await view.close()
  }

  @Test("a batch handed in again changes nothing", arguments: Adapter.allCases)
  func again(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let stream = Course("o1").streams[0]
    try await view.apply(ViewBatch(Array(stream[..<4]), through: 4))
    let before = try await view.order("o1")
    try await view.apply(ViewBatch(Array(stream[..<4]), through: 4))
    try await view.apply(ViewBatch(Array(stream[..<2]), through: 2))
    #expect(try await view.order("o1") == before)
    #expect(try await view.cursors().position("order", 0) == 4)
    // Overlapping: from a source that reads from further back.
    try await view.apply(ViewBatch(stream, through: 6))
    #expect(try await view.order("o1")?.row.versions.order == 6)
    await view.close()
  }

  @Test("a batch that would leave a hole is refused", arguments: Adapter.allCases)
  func hole(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let stream = Course("o1").streams[0]
    try await view.apply(ViewBatch(Array(stream[..<2]), through: 2))
    var batch = ViewBatch(Array(stream[3...]), through: 6)
    batch.after = [0: 3]
    let refused = batch
    await #expect(
      throws: ViewError.outOfStep("order, partition 0: the batch follows 3, the view stands at 2")
    ) { try await view.apply(refused) }
    #expect(try await view.cursors().position("order", 0) == 2)
    await view.close()
  }

  @Test("another history of the source is refused", arguments: Adapter.allCases)
  func otherEpoch(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    try await view.apply(ViewBatch([], through: 4))
    await #expect(throws: ViewError.self) {
      try await view.apply(ViewBatch(Course("o1").streams[0], through: 6, epoch: "other"))
    }
    #expect(try await view.order("o1") == nil)
    #expect(try await view.cursors().position("order", 0) == 4)
    await view.close()
  }

  @Test(
    "pages neither repeat nor leave out an order while others come in",
    arguments: Adapter.allCases)
  func paging(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    var position: Int64 = 0
    func submit(_ number: Int, customer: String = "c1", at: Int64) async throws {
      position += 1
      let course = Course("o\(number)", customer: customer, at: at)
      try await view.apply(ViewBatch([course.streams[0][0]], through: position))
    }
    // Three of them in the same millisecond.
    for number in 0..<9 { try await submit(number, at: Int64(1000 + number / 3)) }
    try await submit(100, customer: "c2", at: 1000)
    var seen: [String] = []
    var place: OrderPlace?
    while true {
      let page = try await view.orders(ofCustomer: "c1", after: place, limit: 2)
      seen += page.map(\.orderID)
      guard let last = page.last else { break }
      place = last.place
      try await submit(200 + seen.count, at: 5000 + Int64(seen.count))
    }
    #expect(seen == ["o8", "o7", "o6", "o5", "o4", "o3", "o2", "o1", "o0"])
    await view.close()
  }

  @Test(
    "a store's board has its paid orders that are not over, oldest first",
    arguments: Adapter.allCases)
  func board(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    var changes: [OrderChange] = []
    for number in 0..<6 {
      let stream = Course("o\(number)", store: "s\(number % 2)", at: Int64(100 - number)).streams[0]
      changes += stream[..<(number == 4 ? 1 : number == 2 ? 6 : 3)]
    }
    changes += Course("o7", store: "s0", at: 1).streams[1]
    try await view.apply(ViewBatch(changes, through: Int64(changes.count)))
    #expect(try await view.board(ofStore: "s0", after: nil, limit: 9).map(\.orderID) == ["o0"])
    let odd = try await view.board(ofStore: "s1", after: nil, limit: 2)
    #expect(odd.map(\.orderID) == ["o5", "o3"])
    let rest = try await view.board(ofStore: "s1", after: odd.last?.place, limit: 2)
    #expect(rest.map(\.orderID) == ["o1"])
    #expect(try await view.orders(ofCustomer: "", after: nil, limit: 9).isEmpty)
    #expect(try await view.order("o7")?.row.isListed == false)
    await view.close()
  }

  @Test("stalled orders can be listed", arguments: Adapter.allCases)
  func stalled(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let stream = Course("o1").streams[0]
    try await view.apply(ViewBatch([stream[0], stream[3]], through: 2))
    try await view.apply(ViewBatch(Course("o2").streams[0], through: 8))
    let found = try await view.stalled(afterID: "", limit: 10)
    #expect(found.map(\.row.orderID) == ["o1"])
    #expect(found.first?.stalls.first?.version == 4)
    await view.close()
  }

  @Test("whoever watches gets the latest record, however slow", arguments: Adapter.allCases)
  func watches(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try adapter.make(in: scratch)
    let stream = Course("o1").streams[0]
    try await view.changes.withSubscription(to: "o1", by: "c1", else: { $0 }) {
      (changes) throws(ViewError) in
      for (at, change) in stream.enumerated() {
        try await view.apply(ViewBatch([change], through: Int64(at + 1)))
      }
      let latest = try await changes.next()
      #expect(latest.row.versions.order == 6)
      #expect(latest.steps.count == 6)
    }
    #expect(view.changes.subscriberCount == 0)
    await view.close()
  }

  @Test("one watcher waits for only so much at once, whatever others wait for")
  func watchersEach() async throws {
    let changes = OrderChanges(subscribersMax: 3, subscribersEachMax: 1)
    for _ in 0..<2 {
      try await changes.withSubscription(to: "o1", by: "c1", else: { $0 }) {
        (_) throws(ViewError) in
        var refusal: ViewError?
        do throws(ViewError) {
          try await changes.withSubscription(to: "o2", by: "c1", else: { $0 }) {
            (_) throws(ViewError) in
          }
        } catch { refusal = error }
        #expect(refusal == .overloaded("1 watched by one"))
        try await changes.withSubscription(to: "o1", by: "c2", else: { $0 }) {
          (_) throws(ViewError) in
          #expect(changes.subscriberCount == 2)
        }
      }
      #expect(changes.subscriberCount == 0)
    }
  }
}
