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
