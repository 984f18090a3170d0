import Journal
import Logging
import Messages
package import Services
import Synchronization
package import Transport
import Views

/// The dashboard's view on this node, and how it is built anew beside the one in use.
final class NodeDashboard: Sendable {
  let view: LiveOrderView
  private let directory: ViewDirectory
  private let sources: [any EventSource]
  private let isRebuilding = Atomic(false)

  /// Opens the view in the node's data directory.
  init(
    _ config: NodeConfig, sources: [any EventSource], log: Logger? = nil
  ) throws(ViewError) {
    directory = try ViewDirectory(
      path: "\(config.dataDirectory)/views", name: DashboardStore.viewName)
    let restarts = log?.restarts(ofView: DashboardStore.viewName) ?? StoreRestarts()
    view = LiveOrderView(try SQLiteOrderView.open(in: directory, restarts: restarts))
    self.sources = sources
  }

  /// Builds the view anew and puts it in the place of the one in use, telling how far it is.
  /// Throws FAILED_PRECONDITION while another one is under way. Whatever it throws, and when its
  /// task is cancelled, the view in use stays as it was.
  func rebuild(
    tell: nonisolated(nonsending) @Sendable (RebuildDashboardUpdate) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    guard !isRebuilding.exchange(true, ordering: .acquiring) else {
      throw RPCError(
        code: .failedPrecondition, message: "the dashboard is being rebuilt already",
        unprocessed: true)
    }
    // A reader who is slow misses updates; the building does not wait for it.
    let (updates, feed) = AsyncStream.makeStream(
      of: RebuildDashboardUpdate.self, bufferingPolicy: .bufferingNewest(1))
    let outcome = await withTaskGroup(of: Result<Void, RPCError>.self) {
      (group) -> Result<RebuildDashboardUpdate, RPCError> in
      // Beside the event loop that the call came on.
      group.addTask(executorPreference: globalConcurrentExecutor) {
        let outcome = await self.build { feed.yield($0) }
        feed.finish()
        return outcome
      }
      var last = RebuildDashboardUpdate()
      do throws(RPCError) {
        for await update in updates {
          last = update
          try await tell(update)
        }
      } catch {
        group.cancelAll()
        await group.waitForAll()
        return .failure(error)
      }
      let built = await group.next() ?? .success(())
      return built.map { last }
    }
    var last = try outcome.get()
    last.done = true
    try await tell(last)
  }

  private func build(
    _ tell: @escaping @Sendable (RebuildDashboardUpdate) -> Void
  ) async -> Result<Void, RPCError> {
    defer { isRebuilding.store(false, ordering: .releasing) }
    do throws(DashboardRebuildError) {
      try await DashboardRebuild(sources: sources).run(live: view, in: directory) {
        tell(RebuildDashboardUpdate(events: $0, eventsTotal: $1))
      }
      return .success(())
    } catch { return .failure(RPCError(error)) }
  }
}

extension Logger {
  /// Says when a view begins anew, and why: nobody has to do anything about it.
  func restarts(ofView name: String) -> StoreRestarts {
    StoreRestarts { reason in
      warning("view is built anew", metadata: ["view": "\(name)", "reason": "\(reason)"])
    }
  }

  /// Says that a key of a view stands still: it does not follow its stream any more, until the view
  /// is built anew, by a version that understands the event or once the row is mended.
  func stalls(ofView name: String) -> @Sendable (KeyedStall) -> Void {
    { stall in
      error(
        "view stands still",
        metadata: [
          "view": "\(name)", "key": "\(stall.key)", "reason": "\(stall.reason)",
          "source": "\(stall.source) \(stall.partition.index)/\(stall.position.value)",
        ])
    }
  }
}

/// Builds the dashboard's view anew from the journals in a data directory, while no node runs on
/// it. Throws, with the view as it was, when there are no journals or a node has them open.
/// - Parameter progress: told events taken so far and how many there are.
package func rebuildDashboard(
  data directory: String, progress: @escaping DashboardRebuild.Progress
) async throws(RPCError) {
  var config = NodeConfig()
  config.dataDirectory = directory
  config.services = NodeJournals.present(in: directory)
  guard !config.services.isEmpty else {
    throw RPCError(code: .notFound, message: "\(directory): no journals here")
  }
  let journals: NodeJournals
  do throws(JournalError) {
    // Open for writing, though nothing is written: no node can start on them meanwhile.
    journals = try await NodeJournals(config)
  } catch {
    throw RPCError(
      code: .failedPrecondition, message: "\(error); of a running node with --connect",
      cause: error)
  }
  let outcome: Result<Void, RPCError>
  do {
    let views = try ViewDirectory(path: "\(directory)/views", name: DashboardStore.viewName)
    let sources = NodeJournals.owners.compactMap { journals[$0] }
    try await DashboardRebuild(sources: sources).run(in: views, progress: progress)
    outcome = .success(())
  } catch let error as DashboardRebuildError {
    outcome = .failure(RPCError(error))
  } catch {
    outcome = .failure(RPCError(code: .unavailable, message: "\(error)", cause: error))
  }
  await journals.close()
  try outcome.get()
}
