import Journal
import SQLite

/// Reads on threads of their own, each with its own connection.
final class ReaderPool: Sendable {
  private typealias Job = @Sendable (inout Reader) -> Void

  /// One thread's connection, opened when first needed and again after a failure.
  private struct Reader {
    let options: SQLiteJournalOptions
    var database: ReaderDatabase?

    mutating func run<T>(
      _ body: (ReaderDatabase) throws -> T
    ) -> Result<T, JournalError> {
      do {
        let database = try self.database ?? ReaderDatabase(options)
        self.database = database
        return .success(try body(database))
      } catch let error as Corruption {
        return .failure(.corrupt(error))
      } catch let error as SQLiteError {
        database = nil
        return .failure(JournalError(error, file: options.path))
      } catch let error as JournalError {
        return .failure(error)
      } catch {
        return .failure(.unavailable("\(options.path): \(error)"))
      }
    }
  }

  private let queue: WorkQueue<Job>
  private let file: String

  init(_ options: SQLiteJournalOptions) throws(JournalError) {
    let queue = WorkQueue<Job>(elementsMax: options.waitingReadsMax)
    self.queue = queue
    file = options.path
    do throws(Errno) {
      for _ in 0..<max(1, options.readerThreads) {
        try startThread(named: "\(options.name)-reader") {
          var reader = Reader(options: options)
          while case .elements(let jobs) = queue.take(countMax: 1, waitMilliseconds: nil) {
            for job in jobs { job(&reader) }
          }
        }
      }
    } catch {
      queue.close()
      throw .unavailable("\(options.path): no reader thread: \(error)")
    }
  }

  nonisolated(nonsending) func query<T: Sendable>(
    _ body: @escaping @Sendable (ReaderDatabase) throws -> T
  ) async throws(JournalError) -> T {
    let outcome = await withUnsafeContinuation {
      (continuation: UnsafeContinuation<Result<T, JournalError>, Never>) in
      let push = queue.push { reader in continuation.resume(returning: reader.run(body)) }
      switch push {
      case .pushed: break
      case .full: continuation.resume(returning: .failure(.overloaded("reads of \(file)")))
      case .closed: continuation.resume(returning: .failure(.closed))
      }
    }
    return try outcome.get()
  }

  /// Takes no more reads; the threads end after those that wait.
  func close() { queue.close() }
}
