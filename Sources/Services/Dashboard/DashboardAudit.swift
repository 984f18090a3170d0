package import Journal
package import Views

/// Holds the view against a fold of the journals.
package struct DashboardAudit: Sendable {
  private let sources: [any EventSource]
  private let scratch: String

  /// - Parameter scratch: a directory for the fold, whose file is removed afterwards; that of a
  ///   million orders would not fit into memory.
  package init(sources: [any EventSource], scratch: String) {
    self.sources = sources
    self.scratch = scratch
  }

  /// Where the view in `directory` is not what its journals say, up to the cursors it has: what
  /// it has not taken in yet is lag, not a difference. The view may be in use meanwhile.
  package nonisolated(nonsending) func differences(
    of directory: ViewDirectory, limit: Int = 1000,
    progress: DashboardRebuild.Progress = { _, _ in }
  ) async throws(DashboardRebuildError) -> [OrderDifference] {
    let view = try await viewing { () throws(ViewError) in try ReadOnlyOrderView(in: directory) }
    let outcome: Result<[OrderDifference], DashboardRebuildError>
    do throws(DashboardRebuildError) {
      outcome = .success(try await compare(view, limit, progress))
    } catch { outcome = .failure(error) }
    await view.close()
    return try outcome.get()
  }

  private nonisolated(nonsending) func compare(
    _ view: ReadOnlyOrderView, _ limit: Int, _ progress: DashboardRebuild.Progress
  ) async throws(DashboardRebuildError) -> [OrderDifference] {
    let folds = try await viewing { () throws(ViewError) in
      try ViewDirectory(path: scratch, name: "fold")
    }
    folds.removeOthers()
    let fold = try await viewing { () throws(ViewError) in
      try SQLiteOrderView.create(beside: folds)
    }
    let outcome: Result<[OrderDifference], DashboardRebuildError>
    do throws(DashboardRebuildError) {
      let cursors = try await viewing { () throws(ViewError) in try await view.cursors() }
      try await DashboardRebuild(sources: sources).fill(fold, upTo: cursors, progress: progress)
      outcome = .success(
        try await viewing { () throws(ViewError) in
          try await Views.differences(between: view, and: fold, limit: limit)
        })
    } catch { outcome = .failure(error) }
    await fold.close()
    folds.remove(fold.path)
    return try outcome.get()
  }

  private nonisolated(nonsending) func viewing<T: Sendable>(
    _ body: nonisolated(nonsending) () async throws(ViewError) -> T
  ) async throws(DashboardRebuildError) -> T {
    do throws(ViewError) { return try await body() } catch { throw .view(error) }
  }
}
