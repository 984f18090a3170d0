import CoreMetrics
import Synchronization

/// One series of a library's: a number, or a sum and how many it is of.
final class LibrarySeries: CounterHandler, FloatingPointCounterHandler, MeterHandler,
  RecorderHandler, TimerHandler
{
  enum Kind: Hashable {
    case counter, gauge, summary, timer

    var prometheus: SignalMetric.Kind {
      switch self {
      case .counter: .counter
      case .gauge: .gauge
      case .summary, .timer: .summary
      }
    }

    /// What Prometheus' names end in.
    var suffix: String {
      switch self {
      case .counter: "_total"
      case .gauge, .summary: ""
      case .timer: "_seconds"
      }
    }
  }

  struct Line {
    let suffix: String
    let labels: [(String, String)]
    let value: String
  }

  let key: LibraryMetrics.Key
  let kind: Kind
  private let state = Mutex<(value: Double, count: UInt64)>((0, 0))

  init(_ key: LibraryMetrics.Key, _ kind: Kind) {
    self.key = key
    self.kind = kind
  }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  /// What is no number or infinite is not taken.
  func increment(by amount: Double) { change { $0 + amount } }
  func decrement(by amount: Double) { change { $0 - amount } }
  func reset() { state.withLock { $0 = (0, 0) } }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { change { _ in value } }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) { change { kind == .gauge ? value : $0 + value } }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  private func change(_ body: (Double) -> Double) {
    state.withLock { state in
      let value = body(state.value)
      guard value.isFinite else { return }
      state = (value, state.count &+ 1)
    }
  }

  func lines() -> [Line] {
    let (value, count) = state.withLock { $0 }
    let labels = key.labels.map { ($0[0], $0[1]) }
    switch kind {
    case .counter, .gauge: return [Line(suffix: "", labels: labels, value: "\(value)")]
    case .summary, .timer:
      return [
        Line(suffix: "_sum", labels: labels, value: "\(value)"),
        Line(suffix: "_count", labels: labels, value: "\(count)"),
      ]
    }
  }
}
