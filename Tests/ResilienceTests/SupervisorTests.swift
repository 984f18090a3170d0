import Resilience
import Testing

@Suite("Who is begun again, and who is given up")
struct SupervisorTests {
  private static let policy = Supervisor.Policy(
    initial: .milliseconds(100), longest: .seconds(1), jitter: 0.2, healthyTime: .seconds(10),
    restartsMax: 5, window: .seconds(60))

  private func at(_ ms: Int64) -> MonotonicInstant { MonotonicInstant(ms: ms) }

  @Test("each restart in a row waits twice as long as the one before, up to the longest")
  func backOff() {
    var supervisor = Supervisor(Self.policy, isPatient: true)
    let waits = (0..<6).map { number in
      supervisor.ended(begun: at(number), at: at(number + 1), unit: 0.5)
    }
    #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .restart(after: .milliseconds($0)) })
    #expect(supervisor.restarts == 6)
  }

  @Test("chance spreads a wait by its share, never beyond the longest", arguments: [0, 0.5, 0.999])
  func jitter(unit: Double) {
    var supervisor = Supervisor(Self.policy, isPatient: true)
    for step in 0..<8 {
      let wanted = min(1000, 100 * Double(1 << step))
      guard
        case .restart(let wait) = supervisor.ended(
          begun: at(0), at: at(1), unit: unit)
      else {
        Issue.record("given up")
        return
      }
      let ms = Double(wait.components.seconds) * 1000 + Double(wait.components.attoseconds) / 1e15
      #expect(ms >= wanted * 0.8 - 0.001)
      #expect(ms <= min(1000, wanted * 1.2) + 0.001)
    }
  }

  @Test("after a healthy time the next restart is a first one again")
  func healthy() {
    var supervisor = Supervisor(Self.policy)
    _ = supervisor.ended(begun: at(0), at: at(1), unit: 0.5)
    _ = supervisor.ended(begun: at(1), at: at(2), unit: 0.5)
    #expect(
      supervisor.ended(begun: at(2), at: at(10_001), unit: 0.5)
        == .restart(after: .milliseconds(400)))
    #expect(
      supervisor.ended(begun: at(10_001), at: at(20_001), unit: 0.5)
        == .restart(after: .milliseconds(100)))
  }

  @Test("one restart more than the bound within the window is one too many")
  func intensity() {
    var supervisor = Supervisor(Self.policy)
    for number in Int64(0)..<5 {
      #expect(supervisor.ended(begun: at(number), at: at(number), unit: 0.5) != .giveUp)
    }
    #expect(supervisor.ended(begun: at(59_999), at: at(59_999), unit: 0.5) == .giveUp)
    #expect(supervisor.restarts == 5)
  }

  @Test("what is older than the window does not count")
  func window() {
    var supervisor = Supervisor(Self.policy)
    for number in Int64(0)..<50 {
      let now = at(number * 12_001)
      #expect(supervisor.ended(begun: now, at: now, unit: 0.5) != .giveUp, "\(number)")
    }
  }

  @Test("who depends on another node is never given up")
  func patient() {
    var supervisor = Supervisor(Self.policy, isPatient: true)
    for number in Int64(0)..<1000 {
      #expect(supervisor.ended(begun: at(number), at: at(number), unit: 0.5) != .giveUp)
    }
  }
}
