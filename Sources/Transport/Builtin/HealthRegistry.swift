public import Messages
import Synchronization

/// What is healthy on this node, and who wants to know: gRPC health v1's meaning.
///
/// Anyone may watch, also who has not said who they are: so how many do, and what each of them
/// costs, has bounds.
public final class HealthRegistry: Sendable {
  private let state = Mutex(State())
  private let watchersMax: Int
  private let watchersPerConnectionMax: Int

  /// Bytes of a call that watches, method and metadata included: they are held as long as it lasts.
  static let watchBytesMax = 4096

  private struct State {
    var statuses: [String: ServingStatus] = [:]
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
    var byConnection: [ObjectIdentifier: Int] = [:]
  }

  private struct Watcher {
    let service: String
    let feed: AsyncStream<ServingStatus>.Continuation
    let connection: ObjectIdentifier
  }

  /// - Parameters:
  ///   - watchersMax: at once, over all connections.
  ///   - watchersPerConnectionMax: at once on one of them.
  public init(watchersMax: Int = 8192, watchersPerConnectionMax: Int = 16) {
    self.watchersMax = watchersMax
    self.watchersPerConnectionMax = watchersPerConnectionMax
  }

  /// Who watch right now.
  var watcherCount: Int { state.withLock { $0.watchers.count } }

  /// Sets a service's status and tells everyone who watches it. The empty name
  /// is the node as a whole.
  public func set(_ service: String, _ status: ServingStatus) {
    state.withLock { state in
      guard state.statuses.updateValue(status, forKey: service) != status else { return }
      for watcher in state.watchers.values where watcher.service == service {
        watcher.feed.yield(status)
      }
    }
  }

  /// Sets every service known so far, and the node as a whole, to not serving: the
  /// first step of a drain.
  public func setAllNotServing() {
    for service in state.withLock({ Array($0.statuses.keys) }) + [""] { set(service, .notServing) }
  }

  /// The status now; nil if the service was never set.
  public func status(of service: String) -> ServingStatus? {
    state.withLock { $0.statuses[service] }
  }

  /// Answers `baedal.health.v1.HealthService` on that router.
  public func register(on router: inout Router) {
    router.unary(HealthServiceMethods.check) { (request, _) throws(RPCError) in
      guard let status = self.status(of: request.service) else {
        throw RPCError(code: .notFound, message: "no service \(request.service)")
      }
      return HealthCheckResponse(status: status)
    }
    router.serverStream(HealthServiceMethods.watch) { (request, context, writer) throws(RPCError) in
      guard context.call.requestBytes <= Self.watchBytesMax else {
        throw RPCError(
          code: .invalidArgument,
          message: "a watch has at most \(Self.watchBytesMax) bytes, metadata included",
          unprocessed: true)
      }
      let (id, statuses) = try self.watch(request.service, on: context.call.connection)
      defer { self.unwatch(id) }
      var last: ServingStatus?
      for await status in statuses where status != last {
        try await writer.write(HealthCheckResponse(status: status))
        last = status
      }
      throw RPCError(code: .cancelled, message: "cancelled")
    }
  }

  /// The status now and every later one; of several that came at once only the last.
  private func watch(
    _ service: String, on connection: ServerPeer
  ) throws(RPCError) -> (id: Int, statuses: AsyncStream<ServingStatus>) {
    let connection = ObjectIdentifier(connection)
    let (statuses, feed) = AsyncStream.makeStream(
      of: ServingStatus.self, bufferingPolicy: .bufferingNewest(1))
    let id: Int? = state.withLock { state in
      guard state.watchers.count < watchersMax,
        state.byConnection[connection, default: 0] < watchersPerConnectionMax
      else { return nil }
      state.byConnection[connection, default: 0] += 1
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = Watcher(
        service: service, feed: feed, connection: connection)
      feed.yield(state.statuses[service] ?? .serviceUnknown)
      return state.nextWatcher
    }
    guard let id else {
      throw RPCError(
        code: .resourceExhausted, message: "too many watch health already",
        retryAfter: .seconds(1), unprocessed: true)
    }
    return (id, statuses)
  }

  private func unwatch(_ id: Int) {
    state.withLock { state in
      guard let watcher = state.watchers.removeValue(forKey: id) else { return }
      let left = state.byConnection[watcher.connection, default: 1] - 1
      state.byConnection[watcher.connection] = left > 0 ? left : nil
    }
  }
}
