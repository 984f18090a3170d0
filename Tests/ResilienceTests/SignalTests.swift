import Resilience
import Testing

@Suite("Signals over the last seconds")
struct SignalTests {
  private static func at(_ ms: Int64) -> MonotonicInstant { MonotonicInstant(ms: ms) }

  @Test(
    "a quantile is within 1/32 of what was recorded, from microseconds to minutes",
    arguments: [0, 1, 31, 32, 33, 47, 1000, 1023, 1024, 99_999, 1_000_000, 600_000_000])
  func error(microseconds: Int64) throws {
    var histogram = RollingHistogram()
    histogram.record(.microseconds(microseconds), at: Self.at(0))
    let told = try #require(histogram.quantiles(at: Self.at(0))?.p99)
    let difference = abs((told - .microseconds(microseconds)) / .microseconds(1))
    #expect(difference <= Double(microseconds) / 32)
  }

  @Test("quantiles are those of the values, in order of size")
  func quantiles() throws {
    var histogram = RollingHistogram()
    for value in (1...1000).reversed() {
      histogram.record(.microseconds(value * 100), at: Self.at(Int64(value)))
    }
    let told = try #require(histogram.quantiles(at: Self.at(1000)))
    #expect(told.count == 1000)
    for (quantile, value) in [(told.p50, 50_000.0), (told.p95, 95_000), (told.p99, 99_000)] {
      #expect(abs(quantile / .microseconds(1) - value) <= value / 32)
    }
  }

  @Test("what is too long counts as the longest, what is negative as nothing")
  func bounds() throws {
    var histogram = RollingHistogram()
    histogram.record(.seconds(1_000_000), at: Self.at(0))
    #expect(try #require(histogram.quantiles(at: Self.at(0))).p50 <= RollingHistogram.longest)
    histogram = RollingHistogram()
    histogram.record(.seconds(-1), at: Self.at(0))
    #expect(histogram.quantiles(at: Self.at(0))?.p50 == .zero)
  }

  /// Window in seconds, when recorded, when read (ms), whether it counts.
  @Test(
    "what is older than the window is forgotten, without anything new coming",
    arguments: [
      (5, 0, 0, true), (5, 0, 5999, true), (5, 0, 6000, false), (5, 999, 5999, true),
      (1, 500, 1999, true), (1, 500, 2000, false), (5, 10_000, 100_000, false),
      (5, -500, 4900, true), (5, -500, 5000, false),
    ])
  func window(window: Int, recorded: Int64, read: Int64, counts: Bool) {
    var histogram = RollingHistogram(window: window)
    histogram.record(.milliseconds(1), at: Self.at(recorded))
    #expect((histogram.quantiles(at: Self.at(read)) != nil) == counts)
    var rate = RateMeter(window: window, at: Self.at(-10_000))
    rate.add(3, at: Self.at(recorded))
    #expect(rate.count(at: Self.at(read)) == (counts ? 3 : 0))
  }

  @Test("a slot that comes around again begins empty")
  func reuse() {
    var histogram = RollingHistogram(window: 1)
    for second in 0..<10 {
      histogram.record(.milliseconds(1), at: Self.at(Int64(second) * 1000))
      #expect(
        histogram.quantiles(at: Self.at(Int64(second) * 1000))?.count == (second == 0 ? 1 : 2))
    }
    // Somebody who looked at the clock long ago spoils nothing.
    histogram.record(.seconds(9), at: Self.at(0))
    #expect(histogram.quantiles(at: Self.at(9000))?.count == 2)
  }

  @Test("a rate is over the window, or over as long as it has been measured")
  func rates() {
    var meter = RateMeter(window: 5, at: Self.at(0))
    #expect(meter.rate(at: Self.at(500)) == nil)
    for tenth in 0..<100 { meter.add(at: Self.at(Int64(tenth) * 100)) }
    #expect(meter.rate(at: Self.at(10_000)) == 10)
    var young = RateMeter(window: 5, at: Self.at(0))
    young.add(20, at: Self.at(100))
    #expect(young.rate(at: Self.at(2000)) == 10)
  }

  @Test("while a dependency is not well, demand may grow but does not fall")
  func held() {
    var demand = HeldDemand()
    #expect(demand.look(nil, isWell: false) == nil)
    #expect(demand.look(0.4, isWell: true) == 0.4)
    #expect(demand.look(0.7, isWell: true) == 0.7)
    #expect(demand.look(0.6, isWell: true) == 0.6)
    #expect(demand.look(0.05, isWell: false) == 0.7)
    #expect(demand.look(0.9, isWell: false) == 0.9)
    #expect(demand.look(nil, isWell: false) == 0.9)
    #expect(demand.look(0, isWell: false) == 0.9)
    #expect(demand.look(0.1, isWell: true) == 0.1)
  }

  @Test("demand of long ago holds nothing up")
  func forgotten() {
    var demand = HeldDemand()
    _ = demand.look(1, isWell: true)
    for _ in 0..<HeldDemand.looksMax { _ = demand.look(0.2, isWell: true) }
    #expect(demand.look(0, isWell: false) == 0.2)
  }
}
