/// Columns of text for a terminal.
struct Table {
  /// One cell: text that came from anywhere, and how it looks.
  struct Cell: ExpressibleByStringInterpolation {
    let text: String
    var style: Terminal.Style?
    var isRight = false

    init(_ text: String, _ style: Terminal.Style? = nil) {
      self.text = Terminal.plain(text)
      self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }

    static func number(_ value: some BinaryInteger) -> Cell { right("\(value)") }
    static func won(_ value: Int64) -> Cell { right(Show.won(value)) }

    static func right(_ text: String) -> Cell {
      var cell = Cell(text)
      cell.isRight = true
      return cell
    }
  }

  let header: [String]
  private(set) var rows: [[Cell]] = []

  init(_ header: String...) { self.header = header }

  mutating func add(_ cells: Cell...) { rows.append(cells) }

  /// Aligned lines, the header dim; `nothing` when there are no rows.
  func text(nothing: String = "none") -> String {
    guard !rows.isEmpty else { return Terminal.styled(nothing, .dim) }
    var widths = header.map(Terminal.width)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], Terminal.width(cell.text))
      }
    }
    let head = header.map { Cell($0.uppercased(), .dim) }
    return ([head] + rows).map { line($0, widths) }.joined(separator: "\n")
  }

  private func line(_ cells: [Cell], _ widths: [Int]) -> String {
    let parts = zip(cells, widths).enumerated().map { column, pair in
      let (cell, width) = pair
      let fill = String(repeating: " ", count: max(0, width - Terminal.width(cell.text)))
      let text = Terminal.styled(cell.text, cell.style)
      if cell.isRight { return fill + text }
      return column == widths.count - 1 ? text : text + fill
    }
    return parts.joined(separator: "  ")
  }
}
