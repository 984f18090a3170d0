import Messages
import Synchronization

extension BalancedClient {
  /// Looks names up and watches every replica's health until the task is cancelled or the client
  /// closed.
  public func run() async throws {
    await withDiscardingTaskGroup { group in
      if endpoints.contains(where: \.isName) {
        group.addTask { await self.resolve() }
        group.addTask { await self.tick() }
      }
      for await id in arrivals {
        guard let link = state.withLock({ $0.links[id] }) else { continue }
        group.addTask { await self.watch(id, link) }
      }
      group.cancelAll()
    }
    try Task.checkCancellation()
  }

  /// Asks for a look at once, then from time to time.
  private func tick() async {
    repeat {
      look.yield()
    } while await pause(
      BalancePolicy.jittered(policy.resolveInterval, chance()))
  }

  /// Looks names up when it is time or connections fail, but not without pause. A name that cannot
  /// be looked up stands for what it stood for.
  private func resolve() async {
    var known: [ReplicaAddress: [ReplicaAddress]] = [:]
    for await _ in looks {
      for endpoint in endpoints where endpoint.isName {
        guard let hosts = try? await resolver.resolve(endpoint.host), !hosts.isEmpty else {
          continue
        }
        known[endpoint] = hosts.map {
          ReplicaAddress(host: $0, port: endpoint.port, name: endpoint.host)
        }
      }
      guard !Task.isCancelled else { return }
      replace(endpoints.flatMap { known[$0] ?? [$0] })
      guard await pause(policy.resolvePause) else { return }
    }
  }

  /// Follows a replica's health until it is gone from the addresses.
  private func watch(_ id: Int, _ link: Link) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.follow(id, link.transport) }
      group.addTask { for await _ in link.gone {} }
      await group.next()
      group.cancelAll()
    }
  }

  private func follow(_ id: Int, _ transport: any ClientTransport) async {
    var wait = policy.watchPause
    repeat {
      do throws(RPCError) {
        let statuses = try await RPCClient(transport).serverStream(
          HealthServiceMethods.watch, HealthCheckRequest(service: service))
        for try await answer in statuses {
          wait = policy.watchPause
          set(answer.status == .serving ? .ready : .notReady, of: id)
        }
        set(.notReady, of: id)
      } catch {
        // A program that tells nothing of its health, or has no room for one more who asks, is
        // judged by how its calls end.
        let isUntold = [.unimplemented, .resourceExhausted].contains(error.code)
        set(isUntold ? .unknown : .notReady, of: id)
        if error.code == .unimplemented { wait = policy.watchPauseMax }
      }
      look.yield()
      let pause = BalancePolicy.jittered(wait, chance())
      wait = min(policy.watchPauseMax, wait * 2)
      guard await self.pause(pause) else { return }
    } while true
  }

  private func set(_ readiness: ReplicaTable.Readiness, of id: Int) {
    state.withLock { $0.table.set(readiness, of: id) }
  }

  /// False when the task was cancelled meanwhile.
  private func pause(_ duration: Duration) async -> Bool {
    let clock = configuration.clock
    do {
      try await clock.sleep(clock.now().advanced(by: duration))
      return !Task.isCancelled
    } catch { return false }
  }
}
