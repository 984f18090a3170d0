/// Cancels one task of many in a group.
struct CancelBell: Sendable {
  private let rings: AsyncStream<Void>
  private let feed: AsyncStream<Void>.Continuation

  init() { (rings, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

  func ring() { feed.yield() }

  /// Runs `body`, which is cancelled when the bell rings. Returns once it has ended: with what it
  /// threw, unless that was its cancellation.
  func cancelling(_ body: @escaping @Sendable () async throws -> Void) async -> (any Error)? {
    await withTaskGroup(of: Result<Void, any Error>?.self) { group in
      group.addTask {
        do {
          try await body()
          return .success(())
        } catch { return .failure(error) }
      }
      group.addTask {
        for await _ in rings { break }
        return nil
      }
      var outcome: Result<Void, any Error>?
      while outcome == nil, let next = await group.next() {
        group.cancelAll()
        outcome = next
      }
      group.cancelAll()
      guard case .failure(let error) = outcome, !(error is CancellationError) else { return nil }
      return error
    }
  }
}
