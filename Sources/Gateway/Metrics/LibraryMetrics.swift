package import CoreMetrics
import Synchronization

/// What libraries measure, through swift-metrics: kept here, and told beside the node's signals.
///
/// Bounded: beyond `seriesMax` series a new one is taken and forgotten, and counted.
package final class LibraryMetrics: MetricsFactory {
  struct Key: Hashable {
    let name: String
    let labels: [[String]]
  }

  private struct State {
    var series: [Key: LibrarySeries] = [:]
    var refused: UInt64 = 0
  }

  private let state = Mutex(State())
  private let seriesMax: Int

  /// Of labels and of names, more is cut off.
  private static let textBytesMax = 128
  private static let labelsMax = 8

  package init(seriesMax: Int = 1000) { self.seriesMax = seriesMax }

  /// The process's, to which swift-metrics is bound at its first use: that happens once.
  package static let shared: LibraryMetrics = {
    let metrics = LibraryMetrics()
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    series(label, dimensions, .counter)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge)
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    series(label, dimensions, aggregate ? .summary : .gauge)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .timer)
  }

  package func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
    forget(handler)
  }
  package func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
  package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
  package func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

  private func forget(_ handler: any AnyObject) {
    guard let gone = handler as? LibrarySeries else { return }
    state.withLock { state in
      if state.series[gone.key] === gone { state.series[gone.key] = nil }
    }
  }

  private func series(
    _ label: String, _ dimensions: [(String, String)], _ kind: LibrarySeries.Kind
  ) -> LibrarySeries {
    let labels = dimensions.prefix(Self.labelsMax).map { name, value in
      [Self.identifier(name, isLabel: true), String(value.prefix(Self.textBytesMax))]
    }
    // One label twice is not Prometheus' text; the first counts.
    var seen: Set<String> = []
    let key = Key(
      name: Self.identifier(label, isLabel: false) + kind.suffix,
      labels: labels.filter { seen.insert($0[0]).inserted }.sorted { $0[0] < $1[0] })
    return state.withLock { state in
      if let known = state.series[key] { return known }
      let made = LibrarySeries(key, kind)
      // A name has one kind; one that comes as another is not told.
      let isOther = state.series.contains { $0.key.name == key.name && $0.value.kind != kind }
      guard state.series.count < seriesMax, !isOther else {
        state.refused &+= 1
        return made
      }
      state.series[key] = made
      return made
    }
  }

  /// As Prometheus has names: letters, digits, underscores, no digit first; the node's own names
  /// are its own.
  private static func identifier(_ text: String, isLabel: Bool) -> String {
    var name = ""
    for scalar in text.unicodeScalars.prefix(textBytesMax) {
      let isLetter = scalar.isASCII && scalar.properties.isAlphabetic
      let isDigit = ("0"..."9").contains(scalar)
      if isDigit, name.isEmpty { name = "_" }
      if isLetter {
        name += scalar.properties.lowercaseMapping
      } else {
        name += isDigit ? String(scalar) : "_"
      }
    }
    if name.isEmpty { name = "_" }
    if isLabel { return name == "quantile" || name.hasPrefix("__") ? "label_" + name : name }
    return name.hasPrefix(SignalMetric.prefix) ? "library_" + name : name
  }
}

extension LibraryMetrics {
  /// Adds all of it to a text.
  package func write(to text: inout PrometheusText) {
    let (series, refused) = state.withLock { ($0.series, $0.refused) }
    let families = Dictionary(grouping: series.values, by: \.key.name)
    for (name, members) in families.sorted(by: { $0.key < $1.key }) {
      guard let kind = members.first?.kind else { continue }
      let told = members.sorted { "\($0.key.labels)" < "\($1.key.labels)" }
        .flatMap { $0.lines() }
      guard !told.isEmpty else { continue }
      text.family(name, kind.prometheus, "Measured by a library.")
      for line in told { text.line(name + line.suffix, line.labels, line.value) }
    }
    guard refused > 0 else { return }
    let name = SignalMetric.prefix + "library_series_refused_total"
    text.family(name, .counter, "Series that libraries began beyond the bound.")
    text.line(name, [], "\(refused)")
  }
}
