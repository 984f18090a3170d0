import NIOCore
import NIOPosix
import Testing

@testable import Transport

@Suite("Event loops as executors")
struct LoopExecutorTests {
  /// Pinned to a loop.
  private actor Guest {
    nonisolated let executor: LoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var seen: [Int] = []

    init(_ executor: LoopExecutor) { self.executor = executor }

    func note(_ number: Int) -> Bool {
      seen.append(number)
      return executor.eventLoop.inEventLoop
    }

    var all: [Int] { seen }
  }

  @Test("a task that prefers a loop is on it from first to last, whoever resumes it")
  func staysOnItsLoop() async throws {
    try await withLoops { loops in
      for (number, loop) in loops.enumerated() {
        let places = await Task(executorPreference: loop) {
          var places = [LoopExecutor.currentNumber]
          // Resumed by another loop's thread, by a thread that is no loop's, and by a child.
          await withCheckedContinuation { continuation in
            loops[1 - number].eventLoop.execute { continuation.resume() }
          }
          places.append(LoopExecutor.currentNumber)
          await Task.detached {}.value
          places.append(LoopExecutor.currentNumber)
          await withTaskGroup(of: Int?.self) { group in
            group.addTask { LoopExecutor.currentNumber }
            for await place in group { places.append(place) }
          }
          return places + [LoopExecutor.currentNumber]
        }.value
        #expect(places == Array(repeating: number, count: 5))
      }
    }
  }

  @Test("an actor pinned to a loop runs there, and takes one caller's jobs in order")
  func pinned() async throws {
    try await withLoops { loops in
      let guest = Guest(loops[0])
      for number in 0..<100 { #expect(await guest.note(number)) }
      #expect(await guest.all == Array(0..<100))
      let isThere = await Task(executorPreference: loops[1]) { await guest.note(100) }.value
      #expect(isThere)
    }
  }

  @Test("each loop has one executor and its number; a thread that is no loop's has none")
  func oneEach() async throws {
    try await withLoops { loops in
      for (number, loop) in loops.enumerated() {
        let eventLoop = loop.eventLoop
        let (found, current) = try await eventLoop.submit {
          (LoopExecutor.of(eventLoop), LoopExecutor.currentNumber)
        }.get()
        #expect(found === loop)
        #expect(current == number)
      }
      #expect(await Task.detached { LoopExecutor.currentNumber }.value == nil)
    }
  }

  private func withLoops(_ body: ([LoopExecutor]) async throws -> Void) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    do { try await body(try await LoopExecutor.all(of: group)) } catch {
      try await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }
}
