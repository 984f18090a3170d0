import Messages
import Synchronization

/// Reaches a service that runs on several nodes: picks a replica for each call (`ReplicaTable`),
/// and another one when it is safe.
///
/// `run` looks names up and watches the replicas' health; without it calls go to the addresses as
/// they were given, and only how calls end is known of a replica.
public final class BalancedClient: ClientTransport {
  public typealias Connect = @Sendable (ReplicaAddress) -> any ClientTransport

  public let configuration: ClientConfiguration
  let service: String
  let policy: BalancePolicy
  let endpoints: [ReplicaAddress]
  let resolver: AddressResolver
  let chance: @Sendable () -> UInt64
  let state: Mutex<State>
  private let keys: CallKeys
  private let connect: Connect
  /// Replicas that came and are not watched yet.
  let arrivals: AsyncStream<Int>
  private let arrived: AsyncStream<Int>.Continuation
  /// It is time to look names up.
  let looks: AsyncStream<Void>
  let look: AsyncStream<Void>.Continuation

  struct State {
    var table: ReplicaTable
    var links: [Int: Link] = [:]
    var tokens: RetryTokens
    var isClosed = false
  }

  /// One replica's connections, and the end of its watch.
  struct Link {
    let transport: any ClientTransport
    let gone: AsyncStream<Void>
    let leave: AsyncStream<Void>.Continuation
  }

  /// - Parameters:
  ///   - service: the full name whose health says that a replica is ready.
  ///   - endpoints: where it runs; names stand for all their addresses.
  ///   - chance: a random number each time.
  ///   - connect: a client of one address.
  public init(
    service: String, endpoints: [ReplicaAddress], keys: CallKeys = CallKeys(),
    policy: BalancePolicy = BalancePolicy(), configuration: ClientConfiguration,
    resolver: AddressResolver = .system,
    chance: @escaping @Sendable () -> UInt64 = {
      var generator = SystemRandomNumberGenerator()
      return generator.next()
    },
    connect: @escaping Connect
  ) {
    self.service = service
    self.endpoints = endpoints
    self.keys = keys
    self.policy = policy
    self.configuration = configuration
    self.resolver = resolver
    self.chance = chance
    self.connect = connect
    state = Mutex(
      State(table: ReplicaTable(policy), tokens: RetryTokens(percent: policy.retryPercent)))
    // Every replica that is there, and as many that came and went meanwhile.
    (arrivals, arrived) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingNewest(2 * BalancePolicy.replicasMax))
    (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    replace(endpoints)
  }

  /// Takes over where the service runs now. Replicas that are no longer there end what is in
  /// flight.
  func replace(_ addresses: [ReplicaAddress]) {
    let (came, gone) = state.withLock { state -> ([Int], [Link]) in
      guard !state.isClosed else { return ([], []) }
      let (came, gone) = state.table.replace(addresses)
      let known = state.table.addresses
      for id in came {
        guard let address = known[id] else { continue }
        let (stream, leave) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.links[id] = Link(transport: connect(address), gone: stream, leave: leave)
      }
      return (came, gone.compactMap { state.links.removeValue(forKey: $0) })
    }
    for link in gone {
      link.leave.finish()
      link.transport.drain()
    }
    for id in came { arrived.yield(id) }
  }

  public func readySession() -> ClientSession? { nil }

  public func session(until deadline: MonotonicInstant) async throws(RPCError) -> ClientSession {
    guard let pick = self.pick(nil, tried: []) else { throw nobody }
    return try await pick.transport.session(until: deadline)
  }

  public func close() async {
    for link in shut() { await link.transport.close() }
  }

  public func drain() {
    for link in shut() { link.transport.drain() }
  }

  private func shut() -> [Link] {
    let links = state.withLock { state in
      state.isClosed = true
      defer { state.links = [:] }
      return Array(state.links.values)
    }
    for link in links { link.leave.finish() }
    arrived.finish()
    look.finish()
    return links
  }

  private struct Pick {
    let id: Int
    let transport: any ClientTransport
    /// Whether another one would be left.
    let isLast: Bool
  }

  /// nil where all that are known have been tried.
  private func pick(_ key: UInt64?, tried: [Int]) -> Pick? {
    let (now, chance) = (configuration.clock.now(), chance())
    return state.withLock { state -> Pick? in
      guard
        let id = state.table.choose(key: key, tried: tried, at: now, chance: chance),
        let link = state.links[id]
      else { return nil }
      return Pick(
        id: id, transport: link.transport,
        isLast: tried.count + 1 >= state.table.replicas.count)
    }
  }

  private var nobody: RPCError {
    RPCError(code: .unavailable, message: "no replica of \(service) is known", unprocessed: true)
  }
}

// MARK: - Calls

extension BalancedClient {
  nonisolated(nonsending)
    func unary(
      _ method: String, _ payload: [UInt8], options: CallOptions, deadline: MonotonicInstant
    ) async throws(RPCError) -> [UInt8]
  {
    var course = course(method, payload, options, deadline)
    while true {
      guard let pick = self.pick(course.key, tried: course.tried) else {
        try await startOver(&course, after: nobody)
        continue
      }
      state.withLock { $0.table.began(pick.id) }
      let begun = configuration.clock.now()
      var wasSent = false
      do throws(RPCError) {
        let session = try await session(of: pick.transport, until: deadline)
        wasSent = true
        let answer = try await session.unary(
          method, payload: payload, options: options, deadline: deadline)
        ended(pick.id, .answered)
        return answer
      } catch {
        ended(pick.id, outcome(of: error, begun: begun, until: deadline))
        try await next(&course, after: error, at: pick, wasSent: wasSent)
      }
    }
  }

  /// Begins a stream. It counts among a replica's calls only while it begins; one that ends early
  /// is its reader's to begin again.
  func stream(
    _ method: String, _ payload: [UInt8], options: CallOptions, deadline: MonotonicInstant
  ) async throws(RPCError) -> StreamSource {
    var course = course(method, payload, options, deadline)
    while true {
      guard let pick = self.pick(course.key, tried: course.tried) else {
        try await startOver(&course, after: nobody)
        continue
      }
      do throws(RPCError) {
        let session = try await session(of: pick.transport, until: deadline)
        let call = try session.stream(
          method, payload: payload, options: options, deadline: deadline)
        return try StreamSource(session: session, call: call)
      } catch {
        try await next(&course, after: error, at: pick, wasSent: false)
      }
    }
  }

  /// What one call has been through.
  private struct Course {
    let key: UInt64?
    var tried: [Int] = []
    var attempt: Attempt
  }

  private func course(
    _ method: String, _ payload: [UInt8], _ options: CallOptions, _ deadline: MonotonicInstant
  ) -> Course {
    state.withLock { $0.tokens.called() }
    return Course(
      key: keys.key(of: method, in: payload),
      attempt: Attempt(transport: self, options: options, deadline: deadline))
  }

  nonisolated(nonsending)
    private func session(
      of transport: any ClientTransport, until deadline: MonotonicInstant
    ) async throws(RPCError) -> ClientSession
  {
    if let ready = transport.readySession() { return ready }
    return try await transport.session(until: deadline)
  }

  /// Returns when the call may go to another replica, throws if not: only what was certainly not
  /// begun does. What a server refused takes from the budget; what never reached one does not.
  nonisolated(nonsending)
    private func next(
      _ course: inout Course, after error: RPCError, at pick: Pick, wasSent: Bool
    ) async throws(RPCError)
  {
    guard error.unprocessed, [.unavailable, .resourceExhausted].contains(error.code) else {
      throw error
    }
    if error.code == .unavailable { look.yield() }
    if wasSent, !state.withLock({ $0.tokens.take() }) { throw error }
    course.tried.append(pick.id)
    if pick.isLast { try await startOver(&course, after: error) }
  }

  /// All that there are now have been asked: from the start, after a pause.
  nonisolated(nonsending)
    private func startOver(
      _ course: inout Course, after error: RPCError
    ) async throws(RPCError)
  {
    guard !course.tried.isEmpty else { throw error }
    course.tried = []
    try await course.attempt.failed(error)
  }

  private func ended(_ id: Int, _ outcome: ReplicaTable.Outcome) {
    let (now, chance) = (configuration.clock.now(), chance())
    state.withLock { $0.table.ended(id, outcome, at: now, chance: chance) }
  }

  /// The deadline is the caller's own choice: it must not be enough to have a replica left out for
  /// everybody.
  private func outcome(
    of error: RPCError, begun: MonotonicInstant, until deadline: MonotonicInstant
  ) -> ReplicaTable.Outcome {
    switch error.code {
    case .deadlineExceeded:
      begun.advanced(by: policy.patience) <= deadline ? .silent(since: begun) : .neither
    case .unavailable, .internal, .unknown, .dataLoss: .failed
    case .cancelled, .resourceExhausted: .neither
    default: .answered
    }
  }
}
