/// Bounds of an aggregate runtime.
public struct AggregateLimits: Sendable, Equatable {
  /// Aggregates kept in memory.
  public var cachedAggregatesMax: Int
  /// Commands that may wait for one aggregate.
  public var waitersPerAggregateMax: Int
  /// Times a command is decided again after losing a race.
  public var attemptsMax: Int

  public init(
    cachedAggregatesMax: Int = 4096, waitersPerAggregateMax: Int = 64, attemptsMax: Int = 8
  ) {
    self.cachedAggregatesMax = cachedAggregatesMax
    self.waitersPerAggregateMax = waitersPerAggregateMax
    self.attemptsMax = attemptsMax
  }
}

/// Loads, decides and commits aggregates of one kind. It belongs to one replica (an actor) and is
/// used from its executor only; what it awaits resumes there. Turns and memory it may share with
/// the other replicas of a pool.
///
/// One command per aggregate at a time. State evolves only after the commit; after a conflict or
/// an unknown outcome it is read again.
public final class AggregateRuntime<
  Aggregate: EventSourced, Codec: EventCodec, Log: Journal
> where Codec.Event == Aggregate.Event {
  public typealias Snapshot = AggregateSnapshot<Aggregate.State>

  public let journal: Log
  @usableFromInline let codec: Codec
  /// Holds nothing but `Snapshot`.
  @usableFromInline let memory: AggregateMemory

  @inlinable
  public init(journal: Log, codec: Codec, memory: AggregateMemory = AggregateMemory()) {
    self.journal = journal
    self.codec = codec
    self.memory = memory
  }

  /// The stream of the aggregate with this id.
  @inlinable
  public func stream(_ id: String) -> StreamKey {
    StreamKey(category: Aggregate.category, id: id)
  }

  /// Decides and commits one command.
  /// - Parameters:
  ///   - taking: the source position this command is an effect of. It is marked in the same
  ///     append, also when no event comes of it; taken before, `decide` is not called.
  ///   - assumingNew: spares reading an aggregate that is not cached and probably does not exist
  ///     yet; if it does, the conflict shows and it is read after all.
  ///   - decide: pure; called again on fresh state when a race was lost.
  @inlinable
  public nonisolated(nonsending) func execute<Rejection: Error>(
    _ id: String, taking: InboxPosition? = nil, assumingNew: Bool = false,
    _ decide: (Snapshot) throws(Rejection) -> Decision<Aggregate.Event>
  ) async throws(ExecutionError<Rejection>)
    -> Execution<Aggregate.State, Aggregate.Event>
  {
    let shard = memory.shard(of: id)
    do throws(AggregateError) { try await enter(id, shard) } catch { throw .failed(error) }
    defer { shard.gate.leave(id) }
    var failure: AggregateError?
    var guessing = assumingNew && cached(id, shard) == nil
    for _ in 0..<max(1, memory.limits.attemptsMax) {
      let snapshot: Snapshot
      do throws(AggregateError) {
        snapshot = try await guessing ? .unborn(Aggregate.initial) : load(id, shard)
      } catch { throw .failed(error) }
      if let taking, snapshot.marks.haveTaken(taking.position, from: taking.source) {
        return Execution(outcome: .alreadyTaken, events: [], snapshot: snapshot)
      }
      do throws(Rejection) {
        let decision = try decide(snapshot)
        // A guess may be proved wrong by the append only; it cannot refuse or change nothing.
        if !guessing || !decision.events.isEmpty {
          do throws(JournalError) {
            return try await commit(id, shard, decision, taking: taking, on: snapshot)
          } catch {
            guard case .versionConflict = error else { failure = .journal(error); break }
          }
        }
      } catch {
        guard guessing else { throw .rejected(error) }
      }
      guessing = false
    }
    throw .failed(failure ?? .contended(stream(id), attempts: memory.limits.attemptsMax))
  }

  /// Waits for the aggregate's turn. Every success needs one `leave` of the gate.
  @inlinable
  nonisolated(nonsending) func enter(
    _ id: String, _ shard: AggregateMemory.Shard
  ) async throws(AggregateError) {
    switch await shard.gate.enter(id) {
    case .entered: return
    case .full: throw .busy(stream(id))
    case .cancelled: throw .cancelled
    }
  }

  /// The aggregate as it stands, for whoever only looks; from memory if it is there. It is put there
  /// when the turn is free: outside the aggregate's turn, what is read may be older than what a
  /// command has just put into memory, and must not take its place. One that does not exist is not
  /// kept.
  @inlinable
  public nonisolated(nonsending) func peek(
    _ id: String
  ) async throws(AggregateError) -> Snapshot {
    let shard = memory.shard(of: id)
    if let cached = cached(id, shard) { return cached }
    guard shard.gate.enterIfFree(id) else { return try await read(id) }
    defer { shard.gate.leave(id) }
    let snapshot = try await read(id)
    if snapshot.version != .none { shard.insert(snapshot, for: id) }
    return snapshot
  }

  /// The aggregate as it stands, within its turn; from memory if it is there.
  @inlinable
  nonisolated(nonsending) func load(
    _ id: String, _ shard: AggregateMemory.Shard
  ) async throws(AggregateError) -> Snapshot {
    if let cached = cached(id, shard) { return cached }
    let snapshot = try await read(id)
    shard.insert(snapshot, for: id)
    return snapshot
  }

  @inlinable
  nonisolated(nonsending) func read(_ id: String) async throws(AggregateError) -> Snapshot {
    let key = stream(id)
    let loaded: LoadedStream
    do throws(JournalError) { loaded = try await journal.load(key) } catch {
      throw .journal(error)
    }
    var (state, version) = (Aggregate.initial, StreamVersion.none)
    for event in loaded.events {
      do throws(EventCodecError) {
        let decoded = try codec.decode(type: event.type, payload: event.payload)
        state = Aggregate.evolve(state, decoded)
      } catch { throw .unreadable(key, event.version, error) }
      version = event.version
    }
    return Snapshot(state: state, version: version, marks: loaded.marks)
  }

  /// Commits a decision made on `snapshot`, within the aggregate's turn, and evolves the state
  /// after that. A conflict or an unknown outcome drops the aggregate from memory.
  @inlinable
  nonisolated(nonsending) func commit(
    _ id: String, _ shard: AggregateMemory.Shard, _ decision: Decision<Aggregate.Event>,
    taking: InboxPosition?, on snapshot: Snapshot
  ) async throws(JournalError) -> Execution<Aggregate.State, Aggregate.Event> {
    let append: Append?
    do throws(EventCodecError) {
      append = try encode(id, decision, taking: taking, on: snapshot)
    } catch { throw .invalid("an event of \(stream(id)) cannot be encoded: \(error)") }
    guard let append else {
      return Execution(outcome: .unchanged, events: [], snapshot: snapshot)
    }
    let receipt: AppendReceipt
    do throws(JournalError) { receipt = try await journal.append(append) } catch {
      shard.remove(id)
      throw error
    }
    let after = Snapshot(
      state: decision.events.reduce(snapshot.state, Aggregate.evolve),
      version: snapshot.version.advanced(by: decision.events.count),
      marks: taking.map { snapshot.marks.taking($0, of: stream(id)) } ?? snapshot.marks)
    shard.insert(after, for: id)
    return Execution(outcome: .committed(receipt), events: decision.events, snapshot: after)
  }

  @inlinable
  func cached(_ id: String, _ shard: AggregateMemory.Shard) -> Snapshot? {
    shard.object(for: id).map { unsafeDowncast($0, to: Snapshot.self) }
  }

  @inlinable
  func encode(
    _ id: String, _ decision: Decision<Aggregate.Event>, taking: InboxPosition?,
    on snapshot: Snapshot
  ) throws(EventCodecError) -> Append? {
    if decision.events.isEmpty, decision.deadlines.isEmpty, taking == nil { return nil }
    let key = stream(id)
    var version = snapshot.version
    var events: [NewEvent] = []
    events.reserveCapacity(decision.events.count)
    for event in decision.events {
      version = version.advanced(by: 1)
      let encoded = try codec.encode(event)
      // Two replicas that decide the same on the same version give the same id; one of them wins.
      events.append(
        NewEvent(
          id: EventID("\(key.category)/\(id)/\(version.value)"), type: encoded.type,
          payload: encoded.payload, metadata: decision.metadata))
    }
    var append = Append(
      to: key, expecting: snapshot.version, events, deadlines: decision.deadlines)
    if let taking {
      append.marks = [InboxMark(stream: key, source: taking.source, position: taking.position)]
    }
    return append
  }
}

extension AggregateSnapshot {
  @inlinable
  static func unborn(_ initial: State) -> AggregateSnapshot {
    AggregateSnapshot(state: initial, version: .none, marks: [])
  }
}
