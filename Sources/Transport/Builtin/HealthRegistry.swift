public import Messages
import Synchronization

/// What is healthy on this node, and who wants to know: gRPC health v1's meaning.
public final class HealthRegistry: Sendable {
  private let state = Mutex(State())

  private struct State {
    var statuses: [String: ServingStatus] = [:]
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
  }

  private struct Watcher {
    let service: String
    let feed: AsyncStream<ServingStatus>.Continuation
  }

  public init() {}

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
    router.serverStream(HealthServiceMethods.watch) { (request, _, writer) throws(RPCError) in
      let (id, statuses) = self.watch(request.service)
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
  private func watch(_ service: String) -> (id: Int, statuses: AsyncStream<ServingStatus>) {
    let (statuses, feed) = AsyncStream.makeStream(
      of: ServingStatus.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = Watcher(service: service, feed: feed)
      feed.yield(state.statuses[service] ?? .serviceUnknown)
      return state.nextWatcher
    }
    return (id, statuses)
  }

  private func unwatch(_ id: Int) {
    state.withLock { $0.watchers[id] = nil }
  }
}
