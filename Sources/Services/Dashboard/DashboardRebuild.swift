package import Journal
package import Transport
package import Views

/// Why a view could not be built.
package enum DashboardRebuildError: Error, Sendable, Equatable {
  case view(ViewError)
  case source(String, JournalError)
}

extension DashboardRebuildError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .view(let error): "\(error)"
    case .source(let name, let error): "\(name): \(error)"
    }
  }
}

extension RPCError {
  /// Why a view was not built; the one in use is as it was.
  package init(_ error: DashboardRebuildError) {
    let reason: RPCError
    switch error {
    case .view(let error): reason = RPCError(error)
    case .source(_, let error): reason = RPCError(error)
    }
    self.init(
      code: reason.code, message: "not rebuilt, the dashboard stays as it was: \(error)",
      retryAfter: reason.retryAfter, cause: error)
  }
}

/// Builds a view from the journals alone: beside the live one, or where there is none.
package struct DashboardRebuild: Sendable {
  /// Told after each batch: events taken so far, and how many there are to take.
  package typealias Progress = @Sendable (_ taken: Int64, _ total: Int64) -> Void

  private let sources: [any EventSource]
  private let batchEvents: Int

  package init(sources: [any EventSource], batchEvents: Int = 1024) {
    self.sources = sources
    self.batchEvents = max(1, batchEvents)
  }

  /// Brings `view` on until it has everything that the journals have now, or exactly up to
  /// `end` if that is given. Throws `.view(.cancelled)` between two batches when the task is
  /// cancelled.
  package nonisolated(nonsending) func fill(
    _ view: any OrderView, upTo end: ViewCursors? = nil, progress: Progress = { _, _ in }
  ) async throws(DashboardRebuildError) {
    let start = try await Self.viewing { () throws(ViewError) in try await view.cursors() }
    var targets: [(source: any EventSource, epoch: JournalEpoch, heads: [Position])] = []
    var total: Int64 = 0
    var taken: Int64 = 0
    for source in sources {
      let status: SourceStatus
      do throws(JournalError) { status = try await source.status() } catch {
        throw .source(source.name, error)
      }
      let heads = status.heads.indices.map { index in
        end.map { $0.position(source.name, Partition(index)) } ?? status.heads[index]
      }
      for (index, head) in heads.enumerated() {
        total += max(0, head.value - start.position(source.name, Partition(index)).value)
      }
      targets.append((source, status.epoch, heads))
    }
    // Partition by partition over all sources: an order lies on the same one in each, so that its
    // row is still at hand.
    for index in 0..<(targets.map(\.heads.count).max() ?? 0) {
      for (source, epoch, heads) in targets where index < heads.count {
        let partition = Partition(index)
        var position = start.position(source.name, partition)
        while position < heads[index] {
          if Task.isCancelled { throw .view(.cancelled) }
          let batch = try await read(source, partition, epoch, position, heads[index])
          try await Self.viewing { () throws(ViewError) in try await view.apply(batch) }
          let reached = batch.cursors.last?.position ?? heads[index]
          taken += reached.value - position.value
          position = reached
          progress(taken, total)
        }
      }
    }
  }

  /// Builds a new view beside the one in use and puts it in its place, without a moment in which
  /// there is none.
  package nonisolated(nonsending) func run(
    live: LiveOrderView, in directory: ViewDirectory, progress: Progress = { _, _ in }
  ) async throws(DashboardRebuildError) {
    let fresh = try await Self.viewing { () throws(ViewError) in
      try SQLiteOrderView.create(
        beside: directory, changes: live.changes, restarts: live.restarts)
    }
    do throws(DashboardRebuildError) {
      try await fill(fresh, progress: progress)
      // What came in meanwhile, so that little is left to do while the live one stands still.
      try await fill(fresh)
      try await live.replace(failure: { .view($0) }) { (_) throws(DashboardRebuildError) in
        // That is at least what the old view has, unless a source was put back from an older copy
        // and has less by now.
        try await fill(fresh)
        try await Self.viewing { () throws(ViewError) in try directory.makeCurrent(fresh.path) }
        fresh.startTelling()
        return fresh
      }
    } catch {
      await fresh.close()
      directory.remove(fresh.path)
      throw error
    }
    directory.removeOthers()
  }

  /// The same while nothing else uses the view.
  package nonisolated(nonsending) func run(
    in directory: ViewDirectory, progress: Progress = { _, _ in }
  ) async throws(DashboardRebuildError) {
    directory.removeOthers()
    let fresh = try await Self.viewing { () throws(ViewError) in
      try SQLiteOrderView.create(beside: directory)
    }
    do throws(DashboardRebuildError) {
      try await fill(fresh, progress: progress)
      await fresh.close()
      try await Self.viewing { () throws(ViewError) in try directory.makeCurrent(fresh.path) }
    } catch {
      await fresh.close()
      directory.remove(fresh.path)
      throw error
    }
    directory.removeOthers()
  }

  private nonisolated(nonsending) func read(
    _ source: any EventSource, _ partition: Partition, _ epoch: JournalEpoch,
    _ after: Position, _ end: Position
  ) async throws(DashboardRebuildError) -> ViewBatch<OrderChange> {
    let missing = Int(clamping: end.value - after.value)
    let events: [RecordedEvent]
    do throws(JournalError) {
      events = try await source.read(
        partition: partition, after: after, limit: min(batchEvents, missing))
    } catch { throw .source(source.name, error) }
    guard events.first?.position == after.next else {
      throw .view(
        .outOfStep("\(source.name), partition \(partition): nothing follows \(after)"))
    }
    return ViewBatch(
      source: source.name, changes: events.compactMap(DashboardFold.change(for:)),
      cursors: [
        ViewCursor(
          partition: partition, position: events.last?.position ?? after, epoch: epoch)
      ], after: [partition: after])
  }

  private static nonisolated(nonsending) func viewing<T: Sendable>(
    _ body: nonisolated(nonsending) () async throws(ViewError) -> T
  ) async throws(DashboardRebuildError) -> T {
    do throws(ViewError) { return try await body() } catch { throw .view(error) }
  }
}
