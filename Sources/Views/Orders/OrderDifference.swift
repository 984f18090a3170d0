/// An order that two views tell differently.
package struct OrderDifference: Hashable, Sendable {
  package let orderID: String
  /// What differs, for people.
  package let text: String

  package init(orderID: String, text: String) {
    self.orderID = orderID
    self.text = text
  }
}

/// Walks two views that stand at the same cursors, order by order, and says where `view` is not
/// what `fold` is. Memory for a page of each; at most `limit` differences are returned.
package nonisolated(nonsending) func differences(
  between view: any OrderView, and fold: any OrderView, limit: Int = 1000
) async throws(ViewError) -> [OrderDifference] {
  var found: [OrderDifference] = []
  var left = RecordWalk(view)
  var right = RecordWalk(fold)
  var mine = try await left.next()
  var theirs = try await right.next()
  while found.count < limit {
    switch (mine, theirs) {
    case (nil, nil): return found
    case (let record?, let other?) where record.row.orderID == other.row.orderID:
      if let text = record.difference(from: other) {
        found.append(OrderDifference(orderID: record.row.orderID, text: text))
      }
      mine = try await left.next()
      theirs = try await right.next()
    case (let record?, let other)
    where other.map { record.row.orderID.precedes($0.row.orderID) } ?? true:
      found.append(
        OrderDifference(
          orderID: record.row.orderID, text: "in the view, but in no journal"))
      mine = try await left.next()
    case (_, let other):
      guard let other else { return found }
      found.append(
        OrderDifference(orderID: other.row.orderID, text: "not in the view"))
      theirs = try await right.next()
    }
  }
  return found
}

/// One view's records by order id.
private struct RecordWalk {
  private let view: any OrderView
  private var page: ArraySlice<OrderRecord> = []
  private var last = ""
  private let pageRecords = 256

  init(_ view: any OrderView) { self.view = view }

  nonisolated(nonsending) mutating func next() async throws(ViewError) -> OrderRecord? {
    if page.isEmpty {
      page = try await view.records(afterID: last, limit: pageRecords)[...]
    }
    guard let record = page.popFirst() else { return nil }
    last = record.row.orderID
    return record
  }
}

extension OrderRecord {
  /// The first thing that differs; nil when nothing does.
  package func difference(from other: OrderRecord) -> String? {
    guard self != other else { return nil }
    for service in OrderJournal.allCases
    where row.versions[service] != other.row.versions[service] {
      return "has \(row.versions[service]) \(service.name) events, "
        + "the journal \(other.row.versions[service])"
    }
    if row.stage != other.row.stage {
      return "state \(row.stage.code), by the journal \(other.row.stage.code)"
    }
    if row != other.row { return "a column of its row is not what its events say" }
    if stalls != other.stalls { return "another stream of it is stalled" }
    return "its steps are not its events"
  }
}
