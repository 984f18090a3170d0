import Messages
import Resilience

extension Render {
  /// Every row with its result and the expected one, and the count of those that differ.
  static func oracle(_ oracle: AutoscaleOracle) -> String {
    var table = Table("", "section", "row", "expected", "result")
    for row in oracle.rows {
      table.add(
        Table.Cell(row.isEqual ? "equal" : "differs", row.isEqual ? .green : .red),
        Table.Cell(row.section), Table.Cell(row.name), Table.Cell(row.expected),
        Table.Cell(row.result, row.isEqual ? nil : .red))
    }
    let differences = oracle.differences.count
    let summary =
      differences == 0
      ? "\(oracle.rows.count) rows, all equal"
      : "\(oracle.rows.count) rows, \(differences) of them differ"
    return table.text() + "\n" + Terminal.styled(summary, differences == 0 ? .green : .red)
  }
}

extension Render {
  /// One line a run.
  static func simulations(_ reports: [SimulationReport]) -> String {
    var table = Table(
      "scenario", "seed", "replicas", "needed", "overshoot", "settling", "turns", "shed",
      "longest wait", "replica-seconds")
    for report in reports {
      let counts = report.points.map(\.replicas)
      table.add(
        Table.Cell(report.scenario), .number(report.seed),
        .right("\(counts.min() ?? 0)-\(counts.max() ?? 0)"),
        .number(report.points.map(\.needed).max() ?? 0),
        .right(percent(report.overshoot)), .right("\(report.settlingS.short) s"),
        .number(report.directionChanges), .right(percent(report.shedShare)),
        .right("\(Int(report.queueWaitMsMax.rounded())) ms"),
        .number(Int(report.replicaSeconds.rounded())))
    }
    return table.text()
  }

  /// Every evaluation of a run with its decision.
  static func timeline(_ report: SimulationReport) -> String {
    var table = Table("at", "offered/s", "shed/s", "wait", "ready", "needed", "decision")
    for point in report.points {
      let isChange = point.decision.desired != point.decision.current
      table.add(
        .right("\(point.atS.short) s"), .number(Int(point.offered.rounded())),
        .number(Int(point.shed.rounded())), .right("\(Int(point.queueWaitMs.rounded())) ms"),
        .number(point.ready), .number(point.needed),
        Table.Cell(point.decision.description, isChange ? .bold : nil))
    }
    return table.text()
  }

  private static func percent(_ share: Double) -> String { "\((share * 100).short) %" }
}

extension Render {
  /// A pool's decisions, one a line, the newest first.
  static func scaling(_ answer: ExplainScalingResponse) -> String {
    answer.decisions.isEmpty
      ? Terminal.styled("nothing has been decided yet", .dim)
      : answer.decisions.map(decision).joined(separator: "\n")
  }

  static func decision(_ decision: ScalingDecision) -> String {
    let text = Terminal.plain(decision.text)
    let metrics = decision.metrics.filter(\.invalid.isEmpty).map {
      "\(Terminal.plain($0.name)) \(Show.thousandths($0.valueMilli)) "
        + "of \(Show.thousandths($0.targetMilli)) a replica"
    }
    let seen = metrics.isEmpty ? "" : " [" + metrics.joined(separator: ", ") + "]"
    let line =
      "\(Show.time(ms: decision.atMs))  \(Terminal.plain(decision.service))  \(text)\(seen)"
    return decision.current == decision.desired ? line : Terminal.styled(line, .bold)
  }
}
