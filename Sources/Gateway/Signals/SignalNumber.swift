/// A whole number of ones, thousandths or millionths. So nothing that is told can be infinite,
/// negative or no number: KEDA takes those for 0.
package struct SignalNumber: Sendable, Hashable {
  package enum Unit: Int, Sendable {
    case ones = 0
    case thousandths = 3
    case millionths = 6
  }

  package let count: UInt64
  package let unit: Unit

  package init(_ count: some BinaryInteger, _ unit: Unit = .ones) {
    self.count = UInt64(clamping: count)
    self.unit = unit
  }

  /// As a decimal, without zeros at its end: a number to Prometheus and to JSON.
  package var decimal: String {
    guard unit != .ones else { return "\(count)" }
    let digits = String(count)
    let padded = String(repeating: "0", count: max(0, unit.rawValue + 1 - digits.count)) + digits
    var fraction = padded.suffix(unit.rawValue)
    while fraction.last == "0" { fraction.removeLast() }
    let whole = padded.dropLast(unit.rawValue)
    return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
  }

  /// As a quantity of Kubernetes: `7`, `420m`, `1500u`. Its numbers end at 2^63 - 1.
  package var quantity: String {
    let count = min(self.count, UInt64(Int64.max))
    return switch unit {
    case .ones: "\(count)"
    case .thousandths: count % 1000 == 0 ? "\(count / 1000)" : "\(count)m"
    case .millionths:
      count % 1_000_000 == 0
        ? "\(count / 1_000_000)" : count % 1000 == 0 ? "\(count / 1000)m" : "\(count)u"
    }
  }
}
