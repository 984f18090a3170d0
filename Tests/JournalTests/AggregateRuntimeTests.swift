import Journal
import JournalContract
import Testing

@Suite("The aggregate runtime", .timeLimit(.minutes(1)))
struct AggregateRuntimeTests {
  @Test("state follows what is durable, and is read back after the cache is gone")
  func evolves() async throws {
    let journal = memoryJournal("tally")
    let replica = TallyReplica(journal)
    for number in 1...5 { _ = try await replica.add(number, to: "a") }
    #expect(try await replica.value(of: "a") == 15)
    let fresh = TallyReplica(journal)
    #expect(try await fresh.value(of: "a") == 15)
  }

  @Test("what was looked at once is not read again, and follows the commands")
  func looks() async throws {
    let journal = memoryJournal("tally")
    let stream = StreamKey(category: "tally", id: "a")
    _ = try await TallyReplica(journal).add(5, to: "a")
    let replica = TallyReplica(journal)
    #expect(try await replica.value(of: "a") == 5)
    #expect(try await replica.value(of: "nobody") == 0)
    journal.damage(stream.partition(of: journal.partitionCount), 1)
    #expect(try await replica.value(of: "a") == 5)
    _ = try await replica.add(1, to: "a")
    #expect(try await replica.value(of: "a") == 6)
    await #expect(throws: AggregateError.self) {
      try await TallyReplica(journal).value(of: "a")
    }
  }

  @Test("many commands at once on one aggregate are decided one after the other")
  func serial() async throws {
    let journal = memoryJournal("tally") { $0.flush = .after { await Task.yield() } }
    let replica = TallyReplica(journal, limits: AggregateLimits(waitersPerAggregateMax: 200))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { _ = try? await replica.add(1, to: "a", atMost: 60) } }
    }
    #expect(try await replica.value(of: "a") == 60)
    #expect(try await journal.load(StreamKey(category: "tally", id: "a")).version == 60)
  }

  @Test("two replicas that race for one aggregate lose nothing")
  func race() async throws {
    let journal = memoryJournal("tally") { $0.flush = .after { await Task.yield() } }
    let replicas = [
      TallyReplica(journal, limits: AggregateLimits(attemptsMax: 1000)),
      TallyReplica(journal, limits: AggregateLimits(attemptsMax: 1000)),
    ]
    let added = await withTaskGroup(of: Int.self) { group in
      for number in 0..<60 {
        group.addTask { (try? await replicas[number % 2].add(1, to: "a")) == nil ? 0 : 1 }
      }
      return await group.reduce(0, +)
    }
    #expect(added == 60)
    #expect(try await TallyReplica(journal).value(of: "a") == 60)
  }

  @Test("an event taken twice from a source has one effect")
  func inbox() async throws {
    let journal = memoryJournal("tally")
    let position = InboxPosition(
      source: InboxSource(subscriber: "s", partition: 0), position: 7)
    let first = try await TallyReplica(journal).add(5, to: "a", taking: position)
    #expect(first.snapshot.state == 5)
    for replica in [TallyReplica(journal), TallyReplica(journal)] {
      let again = try await replica.add(5, to: "a", taking: position)
      #expect(again.outcome == .alreadyTaken)
      #expect(again.snapshot.state == 5)
    }
    // Also when nothing came of it.
    let empty = InboxPosition(source: position.source, position: 8)
    _ = try await TallyReplica(journal).add(0, to: "a", taking: empty)
    #expect(try await TallyReplica(journal).add(1, to: "a", taking: empty).outcome == .alreadyTaken)
  }

  @Test("assuming an aggregate to be new spares the read, and is put right when it is not")
  func assumingNew() async throws {
    let journal = memoryJournal("tally")
    _ = try await TallyReplica(journal).add(5, to: "a", assumingNew: true)
    let replica = TallyReplica(journal)
    #expect(try await replica.add(1, to: "a", assumingNew: true).snapshot.state == 6)
    // A refusal or a no-op is never decided on the guess.
    #expect(try await TallyReplica(journal).add(0, to: "a", assumingNew: true).snapshot.state == 6)
    do {
      _ = try await TallyReplica(journal).add(1, to: "a", assumingNew: true, atMost: 6)
      Issue.record("not refused")
    } catch ExecutionError<TallyReplica.Refused>.rejected {}
  }

  @Test("after an unknown outcome the aggregate is read again")
  func unknown() async throws {
    let journal = memoryJournal("tally") { $0.flush = .manual }
    let replica = TallyReplica(journal)
    async let lost = replica.add(5, to: "a")
    await until { journal.pendingCount == 1 }
    journal.crash()
    do {
      _ = try await lost
      Issue.record("acknowledged what was lost")
    } catch ExecutionError<TallyReplica.Refused>.failed(.journal(.unknown)) {}
    async let kept = replica.add(2, to: "a")
    await until { journal.pendingCount == 1 }
    journal.flush()
    #expect(try await kept.snapshot.state == 2)
  }

  @Test("an event this code does not know stops its stream, and no other")
  func unknownType() async throws {
    let journal = memoryJournal("tally")
    let stream = StreamKey(category: "tally", id: "a")
    _ = try await journal.append(append(["from the future"], to: stream))
    let replica = TallyReplica(journal)
    do {
      _ = try await replica.add(1, to: "a")
      Issue.record("decided on a stream it cannot read")
    } catch ExecutionError<TallyReplica.Refused>.failed(let error) {
      #expect(error == .unreadable(stream, 1, .unknownType("baedal.test.v1.Noted")))
    }
    #expect(try await journal.load(stream).version == 1)
    #expect(try await replica.add(1, to: "b").snapshot.state == 1)
  }

  @Test("too many commands for one aggregate are told that it is busy")
  func busy() async throws {
    let journal = memoryJournal("tally") { $0.flush = .manual }
    let replica = TallyReplica(journal, limits: AggregateLimits(waitersPerAggregateMax: 1))
    async let first = replica.add(1, to: "a")
    await until { journal.pendingCount == 1 }
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<3 { group.addTask { (try? await replica.add(1, to: "a")) != nil } }
      var outcomes = [await group.next(), await group.next()]
      journal.flush()
      await until { journal.pendingCount == 1 }
      journal.flush()
      outcomes.append(await group.next())
      return outcomes
    }
    _ = try await first
    #expect(outcomes == [false, false, true])
  }
}
