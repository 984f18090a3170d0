/// A table of texts, ready to be printed.
public struct PrintedTable: Hashable, Sendable {
  public let title: String
  public let header: [String]
  public let rows: [[String]]

  /// Aligned columns under the title; the last column is not padded.
  public var text: String {
    var widths = header.map(\.count)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.count)
      }
    }
    let rule = widths.map { String(repeating: "-", count: $0) }
    let lines = ([header, rule] + rows).map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      return trimmed(cells.joined(separator: "  "))
    }
    return ([title] + lines).joined(separator: "\n") + "\n"
  }

  /// A Markdown section with one table.
  public var markdown: String {
    let lines = [header, header.map { _ in "---" }] + rows
    let body = lines.map { "| " + $0.map(escaped).joined(separator: " | ") + " |" }
    return (["## \(title)", ""] + body).joined(separator: "\n") + "\n"
  }

  private func trimmed(_ line: String) -> String {
    var line = Substring(line)
    while line.last == " " { line.removeLast() }
    return String(line)
  }

  private func escaped(_ cell: String) -> String {
    cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}

extension Decider {
  /// The transition table in words.
  public static var printedTable: PrintedTable {
    let every = Set(Phase.allCases)
    let rows = table.rows.map { row in
      let from =
        Set(row.phases) == every ? "any" : row.phases.map(\.rawValue).joined(separator: ", ")
      let outcomes = row.outcomes.map(words).joined(separator: " | ")
      let roles = row.roles.map(\.rawValue).joined(separator: ", ")
      return [row.command.rawValue, from, roles, outcomes, row.guardText]
    }
    return PrintedTable(
      title: name, header: ["command", "in state", "by", "outcome", "guard"], rows: rows)
  }

  private static func words(_ outcome: Outcome<Phase, EventKind>) -> String {
    guard !outcome.events.isEmpty else { return "ignored" }
    let events = outcome.events.map(\.rawValue).joined(separator: " + ")
    return outcome.phase.map { "\(events) -> \($0.rawValue)" } ?? events
  }
}
