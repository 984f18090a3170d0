import Messages

extension Render {
  static func rider(_ answer: RiderResponse) -> String {
    guard let rider = answer.rider else { return "no rider" }
    let profile = rider.profile ?? RiderProfile()
    return [
      fact("rider", profile.riderID), fact("name", profile.name),
      fact("now", rider.online ? "online" : "offline", rider.online ? .green : .yellow),
      fact("areas", profile.areas.joined(separator: ", ")),
    ].joined(separator: "\n")
  }

  static func deliveries(_ list: [Delivery]) -> String {
    var table = Table("order", "delivery", "food", "area", "rider", "store", "address")
    for delivery in list {
      table.add(
        "\(delivery.orderID)", "\(Show.name(delivery.state))",
        "\(delivery.foodReady ? "ready" : "")", "\(delivery.area)", "\(delivery.riderID)",
        "\(delivery.storeID)", "\(delivery.address)")
    }
    return table.text(nothing: "no deliveries")
  }

  static func payment(_ payment: Payment?) -> String {
    guard let payment else { return "no payment" }
    var lines = [
      fact("payment", payment.paymentKey), fact("order", payment.orderID),
      fact("state", Show.name(payment.state)), fact("amount", Show.won(payment.amountWon)),
      fact("money", money(payment)), fact("attempt", "\(payment.attempt)"),
    ]
    if !payment.reason.isEmpty { lines.append(fact("reason", payment.reason)) }
    return lines.joined(separator: "\n")
  }

  /// Where every won of a payment is.
  static func money(_ payment: Payment) -> String {
    "captured \(Show.won(payment.capturedWon)) = kept \(Show.won(payment.keptWon)) + refunded "
      + "\(Show.won(payment.refundedWon)) + held \(Show.won(payment.heldWon))"
  }

  static func simulator(_ settings: SimulatorSettings) -> String {
    let load = settings.load ?? SimulatorLoad()
    return [
      fact("latency", Show.duration(ms: settings.latencyMs)),
      fact("capacity", "\(settings.capacity) at once, \(settings.queue) may wait"),
      fact("declines", "\(settings.declinePerMille) of 1000"),
      fact("unknown", "\(settings.unknownPerMille) of 1000"),
      fact("down", settings.down ? "yes" : "no", settings.down ? .red : nil),
      fact("load", "\(load.underWay) under way, \(load.waiting) wait"),
      fact(
        "charges",
        "\(load.charges): \(load.approved) approved, \(load.refused) refused, \(load.late) late"),
    ].joined(separator: "\n")
  }

  static func lag(_ answer: GetLagResponse) -> String {
    var table = Table("source", "events behind", "oldest")
    for source in answer.sources {
      table.add(
        "\(source.source)", .number(source.events),
        .right(source.events == 0 ? "" : Show.duration(ms: source.oldestAgeMs)))
    }
    return table.text(nothing: "follows nothing")
  }

  static func node(_ answer: GetNodeResponse) -> String {
    var table = Table("service", "replicas", "in flight", "waiting", "done")
    for pool in answer.services {
      table.add(
        "\(pool.service)", .number(pool.replicas), .number(pool.inFlight), .number(pool.waiting),
        .number(pool.completed))
    }
    return [
      fact("node", answer.node), fact("version", answer.version),
      fact("started", Show.moment(ms: answer.startedAtMs)), table.text(nothing: "no services"),
      begunAnew(answer.background),
    ].joined(separator: "\n")
  }

  private static func begunAnew(_ works: [BackgroundWork]) -> String {
    var table = Table("begun anew", "times", "stood still", "now", "last reason")
    for work in works where work.restarts > 0 || !work.running {
      table.add(
        "\(work.name)", .number(work.restarts), .number(work.stalls),
        work.running ? "runs" : Table.Cell("waits", .yellow), "\(work.lastReason)")
    }
    return table.text(
      nothing: "background work: \(works.count) pieces, none of them begun anew")
  }

  static func audit(_ report: AuditResponse) -> String {
    var counts = Table("counted", "")
    for count in report.counts { counts.add("\(count.name)", .number(count.value)) }
    var parts = [counts.text(nothing: "nothing was counted")]
    if !report.violations.isEmpty {
      var table = Table("promise", "order", "violation")
      for violation in report.violations {
        table.add(
          Table.Cell(violation.promise, .red), "\(violation.orderID)", "\(violation.text)")
      }
      parts.append(table.text())
    }
    let more = report.moreViolations ? " and more" : ""
    let count = report.violations.count
    parts.append(
      count == 0
        ? Terminal.styled("no violations", .green)
        : Terminal.styled("\(count) violation\(count == 1 ? "" : "s")\(more)", .red))
    return parts.joined(separator: "\n")
  }
}
