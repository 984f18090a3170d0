import Testing

@testable import Transport

/// Which replica a call goes to, and which are left out.
@Suite("Choosing replicas")
struct ReplicaTableTests {
  private static let addresses = (1...5).map { ReplicaAddress(host: "10.0.0.\($0)", port: 7700) }

  private func table(_ count: Int, _ policy: BalancePolicy = BalancePolicy()) -> ReplicaTable {
    var table = ReplicaTable(policy)
    _ = table.replace(Array(Self.addresses.prefix(count)))
    for id in table.addresses.keys { table.set(.ready, of: id) }
    return table
  }

  private func at(_ seconds: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
  }

  private func homes(_ table: ReplicaTable, _ keys: Int, at now: MonotonicInstant) -> [Int?] {
    (0..<keys).map { number in
      table.choose(
        key: RendezvousHash.hash("order-\(number)".utf8), tried: [], at: now,
        chance: UInt64(number))
    }
  }

  @Test("the hash is FNV-1a and the weight SplitMix64's")
  func hash() {
    #expect(RendezvousHash.hash("".utf8) == 0xCBF2_9CE4_8422_2325)
    #expect(RendezvousHash.hash("a".utf8) == 0xAF63_DC4C_8601_EC8C)
    #expect(RendezvousHash.hash("foobar".utf8) == 0x8594_4171_F739_67E8)
    #expect(RendezvousHash.weight(key: 0, replica: 0) == 0xE220_A839_7B1D_CDAF)
  }

  @Test("keys are spread evenly, and each stays where it is whatever the order of the replicas")
  func even() {
    let table = table(3)
    let homes = homes(table, 3000, at: at(0))
    for id in table.addresses.keys {
      let share = homes.count { $0 == id }
      #expect((900...1100).contains(share), "\(share) of 3000")
    }
    var reversed = ReplicaTable(BalancePolicy())
    _ = reversed.replace(Self.addresses.prefix(3).reversed())
    let other = self.homes(reversed, 3000, at: at(0))
    let same = zip(homes, other).allSatisfy { one, two in
      one.map { table.addresses[$0] } == two.map { reversed.addresses[$0] }
    }
    #expect(same)
  }

  @Test("a replica that goes moves its own keys only, and takes them back when it returns")
  func minimalMovement() {
    var table = table(4)
    let before = homes(table, 2000, at: at(0))
    let gone = table.addresses.first { $0.value == Self.addresses[2] }?.key
    table.set(.notReady, of: gone ?? 0)
    let without = homes(table, 2000, at: at(1))
    for (old, new) in zip(before, without) {
      #expect(old == gone ? new != gone : new == old)
    }
    table.set(.ready, of: gone ?? 0)
    #expect(homes(table, 2000, at: at(2)) == before)
  }

  @Test("a call without a key goes to the less busy one of two")
  func twoChoices() {
    var table = table(2)
    let busy = table.choose(key: nil, tried: [], at: at(0), chance: 0) ?? 0
    table.began(busy)
    for chance in UInt64(0)..<50 {
      #expect(table.choose(key: nil, tried: [], at: at(0), chance: chance) != busy)
    }
    var spread = self.table(5)
    var random = SeededGenerator(state: 7)
    for _ in 0..<1000 {
      spread.began(spread.choose(key: nil, tried: [], at: at(0), chance: random.next()) ?? 0)
    }
    let loads = spread.replicas.map(\.inFlight)
    #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 8, "\(loads)")
  }

  @Test(
    "the best that there is is asked: ready, unknown, ejected, not ready, and each once",
    arguments: [nil, 42] as [UInt64?])
  func ranks(_ key: UInt64?) {
    var table = table(4)
    let ids = table.replicas.map(\.id)
    table.set(.unknown, of: ids[1])
    table.set(.notReady, of: ids[3])
    for _ in 0..<5 {
      table.began(ids[2])
      table.ended(ids[2], .failed, at: at(0), chance: 0)
    }
    var tried: [Int] = []
    while let id = table.choose(key: key, tried: tried, at: at(1), chance: 9) { tried.append(id) }
    #expect(tried == ids)
  }

  // MARK: - Ejection

  private func fail(_ id: Int, _ times: Int, in table: inout ReplicaTable, at now: Double) {
    for _ in 0..<times {
      table.began(id)
      table.ended(id, .failed, at: at(now), chance: 200)
    }
  }

  @Test("five failures in a row eject, four and a success do not; caller's own ends do not count")
  func consecutive() {
    var table = table(3)
    let id = table.replicas[0].id
    fail(id, 4, in: &table, at: 0)
    table.began(id)
    table.ended(id, .answered, at: at(0), chance: 0)
    fail(id, 4, in: &table, at: 0)
    table.began(id)
    table.ended(id, .neither, at: at(0), chance: 0)
    #expect(!table.isEjected(id, at: at(0)))
    fail(id, 1, in: &table, at: 0)
    #expect(table.isEjected(id, at: at(0)))
  }

  @Test("no answer in time is a failure, unless the replica has answered another call meanwhile")
  func silence() {
    var table = table(3)
    let id = table.replicas[0].id
    func keepSilent(_ times: Int, since begun: Double, until now: Double) {
      for _ in 0..<times {
        table.began(id)
        table.ended(id, .silent(since: at(begun)), at: at(now), chance: 200)
      }
    }
    table.began(id)
    table.ended(id, .answered, at: at(1), chance: 0)
    keepSilent(100, since: 0, until: 2)
    keepSilent(100, since: 1, until: 2)
    #expect(!table.isEjected(id, at: at(2)))
    keepSilent(4, since: 1.1, until: 2)
    #expect(!table.isEjected(id, at: at(2)))
    keepSilent(1, since: 1.1, until: 2)
    #expect(table.isEjected(id, at: at(2)))
  }

  @Test("half of twenty calls of a window eject, a few of them do not")
  func rate() {
    for (failures, isOut) in [(9, false), (10, true)] {
      var table = table(3)
      let id = table.replicas[0].id
      for number in 0..<20 {
        table.began(id)
        // Never five in a row; the last one fails.
        let fails = number % 2 == 1 && number / 2 >= 10 - failures
        table.ended(id, fails ? .failed : .answered, at: at(1), chance: 0)
      }
      #expect(table.isEjected(id, at: at(1)) == isOut, "\(failures) of 20")
    }
  }

  @Test("it comes back by itself, and stays out longer each time, up to a bound")
  func growing() {
    var table = table(3)
    let id = table.replicas[0].id
    var now = 0.0
    var times: [Int] = []
    for _ in 0..<7 {
      fail(id, 5, in: &table, at: now)
      let start = now
      while table.isEjected(id, at: at(now)) { now += 1 }
      times.append(Int(now - start))
    }
    // A chance of 200 is neither longer nor shorter.
    #expect(times == [5, 10, 20, 40, 80, 120, 120])
  }

  @Test("how long is jittered by a fifth, and a good window takes a step back")
  func jitter() {
    #expect(BalancePolicy.jittered(.seconds(10), 0) == .seconds(8))
    #expect(BalancePolicy.jittered(.seconds(10), 400) == .seconds(12))
    var record = OutlierRecord()
    let policy = BalancePolicy()
    record.eject(at: at(0), policy, chance: 200)
    record.eject(at: at(5), policy, chance: 200)
    #expect(record.isEjected(at: at(14)) && !record.isEjected(at: at(15)))
    for second in [30.0, 41, 52] { _ = record.note(failed: false, at: at(second), policy) }
    record.eject(at: at(60), policy, chance: 200)
    #expect(record.isEjected(at: at(64)) && !record.isEjected(at: at(65)))
  }

  @Test(
    "never more than the share is left out",
    arguments: [(1, 50, 0), (2, 50, 1), (3, 50, 1), (4, 50, 2), (4, 0, 0), (5, 100, 5)])
  func share(_ count: Int, _ percent: Int, _ most: Int) {
    var policy = BalancePolicy()
    policy.ejectedPercentMax = percent
    var table = table(count, policy)
    for replica in table.replicas { fail(replica.id, 5, in: &table, at: 0) }
    #expect(table.replicas.count { table.isEjected($0.id, at: at(0)) } == most)
  }

  // MARK: - Addresses and bounds

  @Test("what stays keeps what is known of it, twice the same is one, and there is a bound")
  func replacing() {
    var table = table(3)
    let ids = table.replicas.map(\.id)
    fail(ids[1], 5, in: &table, at: 0)
    let (came, gone) = table.replace([
      Self.addresses[1], Self.addresses[3], Self.addresses[3], Self.addresses[2],
    ])
    #expect(gone == [ids[0]] && came.count == 1)
    #expect(table.isEjected(ids[1], at: at(0)))
    // A call that ends after its replica has gone.
    table.ended(ids[0], .failed, at: at(0), chance: 0)
    let many = (0..<100).map { ReplicaAddress(host: "10.1.0.\($0)", port: 1) }
    _ = table.replace(many)
    #expect(table.replicas.count == BalancePolicy.replicasMax)
    let all = table.replace([]).gone
    #expect(all.count == BalancePolicy.replicasMax)
    #expect(table.choose(key: nil, tried: [], at: at(0), chance: 3) == nil)
  }

  @Test("of a hundred calls a share may be sent again, and a burst at first")
  func budget() {
    var tokens = RetryTokens(percent: 20)
    let burst = (0..<100).count { _ in tokens.take() }
    #expect(burst == RetryTokens.burst)
    for _ in 0..<50 { tokens.called() }
    let share = (0..<100).count { _ in tokens.take() }
    #expect(share == 10)
    var none = RetryTokens(percent: 0)
    for _ in 0..<500 { none.called() }
    let isSpare = none.take()
    #expect(!isSpare)
  }
}
