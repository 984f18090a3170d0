import Resilience
import Testing

@Suite("Who is stuck")
struct StallJudgeTests {
  private static let tick = Duration.seconds(1)
  private static let timeout = Duration.seconds(5)

  /// Looks once at each of these seconds, and returns how long each stall has been seen.
  private func stalls(_ looks: [(second: Int64, oldest: UInt64?)]) -> [Duration?] {
    var judge = StallJudge(timeout: Self.timeout, tick: Self.tick)
    return looks.map { look in
      judge.look(
        at: MonotonicInstant(ms: look.second * 1000), [.init("one", oldest: look.oldest)]
      ).first?.duration
    }
  }

  @Test("who is at the same piece of work for longer than the time-out is stuck, and says how long")
  func stuck() {
    let seen = stalls((0...8).map { (Int64($0), 7) })
    #expect(
      seen == [nil, nil, nil, nil, nil, nil, .seconds(6), .seconds(7), .seconds(8)])
  }

  @Test("who has nothing to do, or another piece of work each time, is not")
  func well() {
    #expect(stalls((0...20).map { (Int64($0), nil) }).allSatisfy { $0 == nil })
    #expect(stalls((0...20).map { (Int64($0), UInt64($0 / 4)) }).allSatisfy { $0 == nil })
  }

  @Test("who gets on is not stuck any more, and later begins from nothing")
  func recovers() {
    let looks: [(Int64, UInt64?)] =
      (0...6).map { ($0, 1) } + [(7, nil)] + (8...13).map { ($0, 2) } + [(14, 2)]
    #expect(stalls(looks).map { $0 != nil }.filter { $0 }.count == 2)
    #expect(stalls(looks).last == .seconds(6))
  }

  @Test("time in which the looker slept too counts as two ticks, however long it was")
  func asleep() {
    // A stopped process, a machine that slept: an hour between two looks.
    #expect(stalls([(0, 1), (1, 1), (3601, 1), (3602, 1)]).allSatisfy { $0 == nil })
    // Awake again, whoever is stuck is found out all the same.
    let looks = [(Int64(0), UInt64?(1)), (3600, 1)] + (3601...3606).map { (Int64($0), UInt64?(1)) }
    #expect(stalls(looks).last == .seconds(8))
  }

  @Test("a looker that comes late under load sees less time, not more")
  func load() {
    // Each look ten seconds late: two seconds of time each.
    #expect(stalls((0...2).map { (Int64($0) * 10, 1) }).allSatisfy { $0 == nil })
    #expect(stalls((0...3).map { (Int64($0) * 10, 1) }).last == .seconds(6))
  }

  @Test("a clock that goes backwards is time standing still")
  func backwards() {
    #expect(stalls([(100, 1), (50, 1), (0, 1)]).allSatisfy { $0 == nil })
  }

  @Test("several are told apart, in the order in which they were looked at")
  func several() {
    var judge = StallJudge(timeout: Self.timeout, tick: Self.tick)
    var found: [StallJudge.Stall] = []
    for second in Int64(0)...10 {
      found = judge.look(
        at: MonotonicInstant(ms: second * 1000),
        [
          .init("a", oldest: 1), .init("b", oldest: UInt64(second)),
          .init("c", oldest: second < 3 ? nil : 9),
        ])
    }
    #expect(found.map(\.name) == ["a", "c"])
    #expect(found.map(\.duration) == [.seconds(10), .seconds(7)])
  }
}
