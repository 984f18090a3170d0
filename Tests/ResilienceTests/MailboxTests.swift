import Resilience
import Testing

@Suite("The mailbox of a pool")
struct MailboxTests {
  private static func at(_ ms: Int64) -> MonotonicInstant { MonotonicInstant(ms: ms) }
  private static let policy = MailboxPolicy(
    waitingMax: 4, reservedPercent: 10, target: .milliseconds(50), interval: .milliseconds(500))

  /// One that waits, by what it stands for.
  private static func queued(
    _ mailbox: inout Mailbox, _ work: WorkClass, at ms: Int64, until: Int64 = 1_000_000
  ) throws -> Mailbox.Waiter {
    var refused: [Mailbox.Outcome.Refused] = []
    let answer = mailbox.ask(work, at: at(ms), until: at(until), refused: &refused)
    #expect(refused.isEmpty)
    guard case .queued(let waiter) = answer else {
      throw MailboxRefusal(.full, retryAfter: .zero)
    }
    return waiter
  }

  private static func reason(
    _ mailbox: inout Mailbox, _ work: WorkClass, at ms: Int64, until: Int64 = 1_000_000
  ) -> MailboxRefusal.Reason? {
    var refused: [Mailbox.Outcome.Refused] = []
    guard
      case .refused(let refusal) = mailbox.ask(
        work, at: at(ms), until: at(until), refused: &refused)
    else { return nil }
    return refusal.reason
  }

  /// Capacity, reserved percent, places of fresh, continuing and settling work.
  @Test(
    "new work leaves a share of the places free, what continues half of that share",
    arguments: [
      (0, 10, [0, 0, 0]), (1, 10, [1, 1, 1]), (2, 10, [1, 2, 2]), (4, 5, [3, 4, 4]),
      (64, 5, [60, 62, 64]), (100, 10, [90, 95, 100]), (100, 0, [100, 100, 100]),
      (2, 90, [1, 1, 2]), (10, 90, [1, 6, 10]),
    ])
  func places(_ capacity: Int, _ percent: Int, _ wanted: [Int]) {
    let policy = MailboxPolicy(waitingMax: 1, reservedPercent: percent)
    #expect(WorkClass.allCases.map { policy.places(for: $0, of: capacity) } == wanted)
  }

  @Test("what matters more goes first, and what is alike in the order in which it came")
  func order() throws {
    var mailbox = Mailbox(Self.policy, capacity: 10)
    let fresh = try Self.queued(&mailbox, .fresh, at: 0)
    let first = try Self.queued(&mailbox, .continuing, at: 1)
    let second = try Self.queued(&mailbox, .continuing, at: 2)
    let settling = try Self.queued(&mailbox, .settling, at: 3)
    #expect(mailbox.settle(inside: 10, at: Self.at(4)).admitted.isEmpty)
    // Nine inside: the last place is nobody's but a settling one's.
    #expect(mailbox.settle(inside: 9, at: Self.at(4)).admitted.map(\.waiter) == [settling])
    let rest = mailbox.settle(inside: 7, at: Self.at(5)).admitted
    #expect(rest.map(\.waiter) == [first, second])
    #expect(rest.map(\.waited) == [.milliseconds(4), .milliseconds(3)])
    #expect(mailbox.settle(inside: 9, at: Self.at(5)).admitted.isEmpty)
    #expect(mailbox.settle(inside: 8, at: Self.at(6)).admitted.map(\.waiter) == [fresh])
    #expect(mailbox.isEmpty)
  }

  @Test("when all places to wait are taken, the newest customer goes, and never one who pays")
  func displaces() throws {
    var mailbox = Mailbox(Self.policy, capacity: 1)
    let older = try Self.queued(&mailbox, .fresh, at: 0)
    let newer = try Self.queued(&mailbox, .fresh, at: 1)
    for ms in 2...3 { _ = try Self.queued(&mailbox, .continuing, at: Int64(ms)) }
    #expect(Self.reason(&mailbox, .fresh, at: 4) == .full)
    for wanted in [newer, older] {
      var refused: [Mailbox.Outcome.Refused] = []
      let answer = mailbox.ask(.continuing, at: Self.at(5), until: Self.at(99), refused: &refused)
      guard case .queued = answer else { Issue.record("\(answer)"); return }
      #expect(refused.map(\.waiter) == [wanted])
      #expect(refused.map(\.refusal.reason) == [.displaced])
    }
    #expect(Self.reason(&mailbox, .continuing, at: 6) == .full)
    var refused: [Mailbox.Outcome.Refused] = []
    _ = mailbox.ask(.settling, at: Self.at(6), until: Self.at(99), refused: &refused)
    #expect(refused.map(\.waiter.work) == [.continuing])
    #expect(mailbox.waiting == 4)
  }

  @Test("what cannot be begun before its deadline is refused at once, as far as can be told")
  func deadlines() throws {
    var mailbox = Mailbox(Self.policy, capacity: 1)
    #expect(Self.reason(&mailbox, .fresh, at: 10, until: 10) == .overdue)
    // One goes in every 100 ms.
    _ = try Self.queued(&mailbox, .continuing, at: 0)
    _ = try Self.queued(&mailbox, .continuing, at: 0)
    #expect(mailbox.settle(inside: 0, at: Self.at(100)).admitted.count == 1)
    _ = try Self.queued(&mailbox, .continuing, at: 100)
    #expect(Self.reason(&mailbox, .continuing, at: 100, until: 299) == .overdue)
    _ = try Self.queued(&mailbox, .continuing, at: 100, until: 301)
    // The first of a line is never refused on a guess: from whom else would there be news?
    _ = try Self.queued(&mailbox, .settling, at: 100, until: 101)
    let expired = mailbox.expire(at: Self.at(102))
    #expect(expired.refused.map(\.waiter.work) == [.settling])
    #expect(expired.refused.map(\.refusal.reason) == [.overdue])
    // In the middle of the line, too.
    #expect(mailbox.expire(at: Self.at(301)).refused.count == 1)
    #expect(mailbox.waiting == 2)
  }

  @Test("a burst may wait for the interval; a queue that does not empty is cut to the target")
  func standingQueue() throws {
    var mailbox = Mailbox(
      MailboxPolicy(waitingMax: 100, target: .milliseconds(50), interval: .milliseconds(500)),
      capacity: 1)
    for ms in stride(from: Int64(0), through: 490, by: 10) {
      _ = try Self.queued(&mailbox, .fresh, at: ms)
      #expect(mailbox.settle(inside: 1, at: Self.at(ms)).refused.isEmpty)
    }
    // Half a second without a break: all but the last 50 ms of them have waited for nothing.
    let cut = mailbox.settle(inside: 1, at: Self.at(500))
    #expect(cut.refused.count == 45)
    #expect(cut.refused.allSatisfy { $0.refusal.reason == .late })
    #expect(cut.refused.allSatisfy { $0.refusal.retryAfter >= .milliseconds(100) })
    #expect(mailbox.waiting == 5)
    // Once it has emptied, a burst is a burst again.
    _ = mailbox.settle(inside: 0, at: Self.at(501))
    _ = mailbox.expire(at: Self.at(700))
    #expect(mailbox.isEmpty)
    _ = try Self.queued(&mailbox, .fresh, at: 800)
    #expect(mailbox.settle(inside: 1, at: Self.at(1_200)).refused.isEmpty)
  }

  @Test("what is paid for is not cut, whatever its queue looks like")
  func continuingWaits() throws {
    var mailbox = Mailbox(Self.policy, capacity: 1)
    _ = try Self.queued(&mailbox, .continuing, at: 0)
    #expect(mailbox.settle(inside: 1, at: Self.at(60_000)).refused.isEmpty)
    #expect(mailbox.oldest == Self.at(0))
    #expect(mailbox.settle(inside: 0, at: Self.at(60_000)).admitted.count == 1)
  }

  @Test("who gives up is not let in, and leaves the others in their order")
  func cancels() throws {
    var mailbox = Mailbox(Self.policy, capacity: 4)
    let waiters = try (0..<4).map { try Self.queued(&mailbox, .continuing, at: Int64($0)) }
    let isGone = mailbox.cancel(waiters[1])
    let isGoneAgain = mailbox.cancel(waiters[1])
    #expect(isGone && !isGoneAgain)
    #expect(
      mailbox.settle(inside: 0, at: Self.at(9)).admitted.map(\.waiter)
        == [waiters[0], waiters[2], waiters[3]])
    let wasWaiting = mailbox.cancel(waiters[0])
    #expect(!wasWaiting)
  }

  @Test("more places let more in; fewer interrupt nobody")
  func resizes() throws {
    var mailbox = Mailbox(Self.policy, capacity: 1)
    for _ in 0..<4 { _ = try Self.queued(&mailbox, .settling, at: 0) }
    mailbox.resize(to: 3)
    #expect(mailbox.settle(inside: 1, at: Self.at(1)).admitted.count == 2)
    mailbox.resize(to: 1)
    #expect(mailbox.settle(inside: 3, at: Self.at(2)).admitted.isEmpty)
    #expect(mailbox.waiting == 2)
    mailbox.resize(to: 0)
    #expect(Self.reason(&mailbox, .settling, at: 3) == .full)
  }

  /// Everyone who asked is let in, refused or still there; nobody twice; never more inside than there
  /// are places; never more waiting than may.
  @Test("keeps its books over random courses", arguments: 0..<50)
  func random(_ seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var mailbox = Mailbox(
      MailboxPolicy(waitingMax: 20, target: .milliseconds(5), interval: .milliseconds(50)),
      capacity: 3)
    var (inside, now, asked, done) = (0, Int64(0), 0, 0)
    var waiting: [Mailbox.Waiter] = []
    func leave(_ waiter: Mailbox.Waiter) {
      guard let index = waiting.firstIndex(of: waiter) else {
        Issue.record("seed \(seed): \(waiter) was not waiting")
        return
      }
      waiting.remove(at: index)
    }
    func take(_ outcome: Mailbox.Outcome) {
      for admitted in outcome.admitted {
        leave(admitted.waiter)
        inside += 1
        #expect(inside <= mailbox.places(for: admitted.waiter.work))
      }
      for refused in outcome.refused {
        leave(refused.waiter)
        done += 1
      }
    }
    for _ in 0..<2_000 {
      now += Int64(random.next() % 4)
      switch random.next() % 8 {
      case 0..<4:
        let work = WorkClass(rawValue: Int(random.next() % 3)) ?? .fresh
        var refused = Mailbox.Outcome()
        let until = Self.at(now + Int64(random.next() % 60))
        asked += 1
        switch mailbox.ask(work, at: Self.at(now), until: until, refused: &refused.refused) {
        case .queued(let waiter): waiting.append(waiter)
        case .refused: done += 1
        }
        take(refused)
      case 4..<6 where inside > 0:
        inside -= 1
        done += 1
      case 6 where !waiting.isEmpty:
        let waiter = waiting[Int(random.next() % UInt64(waiting.count))]
        let wasWaiting = mailbox.cancel(waiter)
        #expect(wasWaiting)
        leave(waiter)
        done += 1
      case 7: mailbox.resize(to: 1 + Int(random.next() % 6))
      default: take(mailbox.expire(at: Self.at(now)))
      }
      take(mailbox.settle(inside: inside, at: Self.at(now)))
      #expect(mailbox.waiting == waiting.count && mailbox.waiting <= 20)
      #expect(asked == done + inside + waiting.count)
    }
  }
}
