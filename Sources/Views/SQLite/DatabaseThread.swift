import Dispatch
import Journal
import SQLite
import Synchronization

/// Owns what one connection needs, and the one thread at a time that may touch it. Callers wait
/// without holding a thread of their own.
final class DatabaseThread<Resource>: Sendable {
  /// `@unchecked Sendable`: made, used and dropped on `queue` only, which runs one job at a time.
  private final class Box: @unchecked Sendable {
    var resource: Resource?
  }

  private let queue: DispatchQueue
  private let box = Box()
  private let waiting = Atomic<Int>(0)
  private let jobsMax: Int

  /// - Parameter jobsMax: callers that may wait at once; more are `.overloaded`.
  init(
    named name: String, jobsMax: Int,
    _ make: @escaping @Sendable () throws(ViewError) -> sending Resource
  ) throws(ViewError) {
    queue = DispatchQueue(label: name)
    self.jobsMax = jobsMax
    let box = box
    let outcome: Result<Void, ViewError> = queue.sync {
      do throws(ViewError) {
        box.resource = try make()
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  deinit {
    let box = box
    queue.async { box.resource = nil }
  }

  /// Runs `body` there. Throws `.closed` after `close`.
  nonisolated(nonsending) func run<T: Sendable>(
    _ body: @escaping @Sendable (Resource) throws(ViewError) -> T
  ) async throws(ViewError) -> T {
    guard waiting.add(1, ordering: .relaxed).newValue <= jobsMax else {
      waiting.subtract(1, ordering: .relaxed)
      throw .overloaded("\(jobsMax) queries wait")
    }
    let outcome = await withUnsafeContinuation {
      (done: UnsafeContinuation<Result<T, ViewError>, Never>) in
      let box = box
      queue.async {
        guard let resource = box.resource else { return done.resume(returning: .failure(.closed)) }
        do throws(ViewError) {
          done.resume(returning: .success(try body(resource)))
        } catch { done.resume(returning: .failure(error)) }
      }
    }
    waiting.subtract(1, ordering: .relaxed)
    return try outcome.get()
  }

  /// Runs `body` there after a while, without waiting for it; not at all after `close`.
  func start(
    after delay: Duration = .zero, _ body: @escaping @Sendable (Resource) -> Void
  ) {
    let box = box
    let work = DispatchWorkItem { if let resource = box.resource { body(resource) } }
    guard delay > .zero else { return queue.async(execute: work) }
    let nanoseconds = Int(clamping: delay.components.attoseconds / 1_000_000_000)
    queue.asyncAfter(
      deadline: .now() + .seconds(Int(clamping: delay.components.seconds))
        + .nanoseconds(nanoseconds), execute: work)
  }

  /// Drops the resource once everything before has run.
  nonisolated(nonsending) func close() async {
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
      let box = box
      queue.async {
        box.resource = nil
        done.resume()
      }
    }
  }
}

extension ViewError {
  init(_ error: SQLiteError, in path: String) {
    let text = "\(path): \(error)"
    self = error.isCorruption ? .corrupt(text) : .unavailable(text)
  }
}
