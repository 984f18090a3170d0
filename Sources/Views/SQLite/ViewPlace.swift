import Journal
import SQLite
import Synchronization

/// Which file of its directory a view is in: the connection that writes moves to another one when
/// it turns out to be damaged, and the one that answers queries follows.
final class ViewPlace: Sendable {
  let restarts: StoreRestarts
  private let directory: ViewDirectory
  private let file: Mutex<String>

  init(_ file: String, in directory: ViewDirectory, restarts: StoreRestarts) {
    self.restarts = restarts
    self.directory = directory
    self.file = Mutex(file)
  }

  var path: String { file.withLock { $0 } }

  /// Puts a new file in the place of a damaged one, which is removed, and tells of it. nil when the
  /// damaged one is not in use, or another one cannot be had now: whoever meets the damage next
  /// tries again.
  func startAnew<File>(
    insteadOf damaged: String, because error: ViewError,
    _ open: (String) throws(ViewError) -> File
  ) -> File? {
    guard directory.current == damaged, let next = try? directory.makeNext() else { return nil }
    var made: File? = try? open(next)
    if made != nil { try? directory.makeCurrent(next, insteadOf: damaged) }
    if directory.current != next { made = nil }
    guard let fresh = made else {
      directory.remove(next)
      return nil
    }
    file.withLock { $0 = next }
    directory.remove(damaged)
    restarts.tell("\(error)")
    return fresh
  }
}

/// The file that a view is written to; another one, without a row, once it turns out to be damaged:
/// the journals have everything that was in it. Belongs to the writing thread.
final class ViewFile<Tables: ViewTables> {
  private let place: ViewPlace
  private let open: @Sendable (String) throws(ViewError) -> ViewTransaction<Tables>
  private var transaction: ViewTransaction<Tables>

  init(
    at place: ViewPlace,
    _ open: @escaping @Sendable (String) throws(ViewError) -> ViewTransaction<Tables>
  ) throws(ViewError) {
    self.place = place
    self.open = open
    transaction = try open(place.path)
  }

  var cursors: ViewCursors { transaction.cursors }

  /// All of it or nothing.
  func write(_ batches: [ViewBatch<Tables.Change>]) -> Result<[Tables.Changed], ViewError> {
    let outcome = transaction.write(batches)
    if case .failure(let error) = outcome {
      startAnew(insteadOf: transaction.path, because: error)
    }
    return outcome
  }

  /// Does nothing for an error that is no damage, or when another file has taken the place already.
  func startAnew(insteadOf path: String, because error: ViewError) {
    guard case .corrupt = error, path == transaction.path,
      let fresh = place.startAnew(insteadOf: path, because: error, open)
    else { return }
    transaction = fresh
  }
}

/// The queries of the file that a view is in. Belongs to the reading thread.
final class ViewReader<Queries> {
  private let place: ViewPlace
  private let open: @Sendable (String) throws(ViewError) -> Queries
  private let failed: @Sendable (_ path: String, ViewError) -> Void
  private var path: String
  private var queries: Queries

  /// - Parameter failed: told of each error, and of the file that it is about.
  init(
    at place: ViewPlace, _ open: @escaping @Sendable (String) throws(ViewError) -> Queries,
    failed: @escaping @Sendable (_ path: String, ViewError) -> Void
  ) throws(ViewError) {
    self.place = place
    self.open = open
    self.failed = failed
    path = place.path
    queries = try open(path)
  }

  func ask<T>(_ body: (Queries) throws(SQLiteError) -> T) throws(ViewError) -> T {
    let current = place.path
    if path != current {
      queries = try open(current)
      path = current
    }
    do throws(SQLiteError) { return try body(queries) } catch {
      let failure = ViewError(error, in: path)
      failed(path, failure)
      throw failure
    }
  }
}
