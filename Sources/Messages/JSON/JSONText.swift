/// Writes JSON text, compact or indented.
struct JSONText {
  private(set) var text = ""
  private let isIndented: Bool
  private var depth = 0
  private var isFirst = true

  init(isIndented: Bool) { self.isIndented = isIndented }

  mutating func open(_ bracket: Character) {
    text.append(bracket)
    depth += 1
    isFirst = true
  }

  mutating func close(_ bracket: Character) {
    depth -= 1
    if !isFirst { breakLine() }
    text.append(bracket)
    isFirst = false
  }

  /// Begins the next member or element.
  mutating func next() {
    if !isFirst { text.append(",") }
    isFirst = false
    breakLine()
  }

  mutating func name(_ name: String) {
    next()
    string(name)
    text += isIndented ? ": " : ":"
  }

  mutating func raw(_ value: String) { text += value }

  mutating func string(_ value: String) {
    text.append("\"")
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text.append("\"")
  }

  private mutating func breakLine() {
    guard isIndented else { return }
    text += "\n" + String(repeating: "  ", count: depth)
  }
}
