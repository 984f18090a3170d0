import ArgumentParser
import Messages
import Transport

/// The ways an order can go.
enum Road: String, CaseIterable, ExpressibleByArgument, Sendable {
  case delivered
  case cancelled
  case refused
  case declined

  private var title: String {
    switch self {
    case .delivered: "Delivered: from the tap to the doorstep"
    case .cancelled: "Cancelled by the customer before the store accepted"
    case .refused: "Refused by the store"
    case .declined: "Payment declined"
    }
  }

  /// How the order has to end.
  private var end: OrderState {
    switch self {
    case .delivered: .delivered
    case .cancelled: .cancelled
    case .refused, .declined: .rejected
    }
  }

  /// Carries one order along this road; what went wrong is in the result.
  func take(_ cast: Cast) async -> RoadResult {
    cast.stage.title(title)
    let clock = ContinuousClock()
    let start = clock.now
    var result = RoadResult(road: self)
    do {
      let order = try await cast.place(self)
      result.orderID = order.orderID
      result.placed = clock.now - start
      try await follow(order, cast)
      result.took = clock.now - start
      result.money = try await cast.settled(order, self)
      result.state = end
    } catch {
      result.took = clock.now - start
      result.failure =
        Failure(error) ?? Failure(line: "\(error)", status: ExitStatus.failed)
      cast.stage.note(result.failure?.line ?? "", .red)
    }
    return result
  }

  /// Acts and watches at the same time; done when both the order and the dashboard say it is over.
  private func follow(_ order: Order, _ cast: Cast) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let seen = try await Follower(cast: cast, orderID: order.orderID).run()
        guard seen == end else {
          throw Failure(
            line: "the dashboard ends with \(Show.name(seen)), not \(Show.name(end))",
            status: .refused)
        }
      }
      try await act(order, cast)
      _ = try await cast.wait(for: "end of \(order.orderID)") {
        try await cast.order(order.orderID).state == end ? true : nil
      }
      group.addTask {
        try await Task.sleep(for: cast.patience)
        throw Failure(
          line: "the dashboard has not heard the end of \(order.orderID) within "
            + Show.duration(cast.patience), status: .unreachable)
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private func act(_ order: Order, _ cast: Cast) async throws {
    switch self {
    case .delivered:
      try await cast.acceptAndCook(order)
      try await cast.deliver(order)
    case .cancelled: try await cast.cancel(order)
    case .refused: try await cast.refuse(order)
    case .declined: try await cast.expectNoTicket(order)
    }
  }
}

/// What came of one road.
struct RoadResult: Sendable {
  let road: Road
  var orderID = ""
  var state: OrderState?
  var placed: Duration?
  var took: Duration = .zero
  var money = ""
  var failure: Failure?

  init(road: Road) { self.road = road }

  static func table(_ results: [RoadResult]) -> String {
    var table = Table("road", "order", "ended", "placed in", "took", "money")
    for result in results {
      table.add(
        "\(result.road.rawValue)", "\(result.orderID)",
        result.state.map(Show.cell) ?? Table.Cell("failed", .red),
        .right(result.placed.map(Show.duration) ?? ""), .right(Show.duration(result.took)),
        "\(result.money)")
    }
    return table.text()
  }
}
