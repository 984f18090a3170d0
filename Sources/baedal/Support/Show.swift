import Glibc
import Messages
import Resilience

/// How values look to people.
enum Show {
  /// Whole won, thousands apart: `29,000 won`.
  static func won(_ amount: Int64) -> String {
    let digits = Array(String(amount.magnitude))
    let grouped = digits.enumerated().map { index, digit in
      let left = digits.count - index
      return index > 0 && left % 3 == 0 ? ",\(digit)" : "\(digit)"
    }
    return (amount < 0 ? "-" : "") + grouped.joined() + " won"
  }

  /// Local time of the day with milliseconds; empty for 0.
  static func time(ms: Int64) -> String {
    guard ms > 0 else { return "" }
    let parts = localTime(ms)
    let tail = String(1000 + ms % 1000).dropFirst()
    return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(tail)"
  }

  /// Two places after the point.
  static func thousandths(_ value: UInt64) -> String { (Double(value) / 1000).short }

  /// Local date and time to the second; empty for 0.
  static func moment(ms: Int64) -> String {
    guard ms > 0 else { return "" }
    let parts = localTime(ms)
    return "\(1900 + Int(parts.tm_year))-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
  }

  /// With a unit that leaves few digits: `42 ms`, `3.2 s`, `5 min`.
  static func duration(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let ms = Double(seconds) * 1000 + Double(attoseconds) / 1e15
    if ms < 10 { return "\((ms * 10).rounded() / 10) ms" }
    if ms < 1000 { return "\(Int(ms.rounded())) ms" }
    if ms < 120_000 {
      let seconds = (ms / 100).rounded() / 10
      return Int64(exactly: seconds).map { "\($0) s" } ?? "\(seconds) s"
    }
    return "\(Int((ms / 60_000).rounded())) min"
  }

  static func duration(ms: some BinaryInteger) -> String {
    duration(.milliseconds(Int64(clamping: ms)))
  }

  /// An enum's value without its prefix, in lower case: `picked up`.
  static func name<Value: MessageEnum>(_ value: Value) -> String {
    let full = value.protoName
    let zero = Value(rawValue: 0).protoName
    let suffix = "UNSPECIFIED"
    let prefix = zero.hasSuffix(suffix) ? zero.dropLast(suffix.count) : ""
    let short = full.hasPrefix(prefix) ? String(full.dropFirst(prefix.count)) : full
    return short.lowercased().split(separator: "_").joined(separator: " ")
  }

  static func style(_ state: OrderState) -> Terminal.Style? {
    switch state {
    case .delivered: .green
    case .rejected, .cancelled, .expired: .red
    case .pendingPayment, .awaitingPayment, .paymentUnknown, .cancelRequested: .yellow
    default: .cyan
    }
  }

  static func cell(_ state: OrderState) -> Table.Cell { Table.Cell(name(state), style(state)) }

  /// `후라이드치킨 ×2, 콜라 ×1`
  static func lines(_ lines: [OrderLine]) -> String {
    lines.map { "\($0.name.isEmpty ? $0.itemID : $0.name) ×\($0.quantity)" }
      .joined(separator: ", ")
  }

  /// The wall clock, in milliseconds.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
  }

  private static func localTime(_ ms: Int64) -> tm {
    var seconds = time_t(ms / 1000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return parts
  }

  private static func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
