import Domain
import NIOCore
import NIOPosix
import Resilience
import Services
import Synchronization
import Testing
import Transport

@Suite("Seats of replicas")
struct SeatTests {
  private actor Seat {
    nonisolated let replica: Int
    nonisolated let executor: LoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ replica: Int, _ executor: LoopExecutor) {
      self.replica = replica
      self.executor = executor
    }
  }

  @Test("a caller gets the seat on its own loop, of the replica that the key belongs to")
  func ownLoop() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let loops = try await LoopExecutor.all(of: group)
    let pool = ReplicaPool(
      service: "seats",
      replicas: (0..<3).map { replica in loops.map { Seat(replica, $0) } },
      limits: .fixed(
        3, capacityPerReplica: 8, mailbox: MailboxPolicy(waitingMax: 0, reservedPercent: 0)))
    for key in (0..<50).map({ "order-\($0)" }) {
      var replicas: Set<Int> = []
      for loop in loops {
        let seat = try await Task(executorPreference: loop) { () throws(RPCError) in
          try await pool.withReplica(for: key, .continuing) { seat in seat }
        }.value
        #expect(seat.executor === loop)
        replicas.insert(seat.replica)
      }
      // From elsewhere too, on whichever loop.
      replicas.insert(try #require(pool.replica(for: key)).replica)
      #expect(replicas.count == 1)
    }
    #expect(pool.inFlightCount == 0)
    try await group.shutdownGracefully()
  }

  /// Counts who comes to work on a loop.
  private final class CountingExecutor: SerialExecutor {
    let eventLoop: any EventLoop
    let count = Atomic<Int>(0)

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      count.add(1, ordering: .relaxed)
      eventLoop.execute { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
  }

  private actor CountedSeat {
    nonisolated let executor: CountingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: CountingExecutor) { self.executor = executor }
  }

  @Test("a visit asks each event loop once, however many replicas have seats there")
  func visit() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let loops = Array(group.makeIterator()).map { CountingExecutor($0) }
    let pool = ReplicaPool(
      service: "seats",
      replicas: (0..<5).map { _ in loops.map { CountedSeat($0) } },
      limits: .fixed(
        5, capacityPerReplica: 8, mailbox: MailboxPolicy(waitingMax: 0, reservedPercent: 0)))
    await pool.visit()
    #expect(loops.map { $0.count.load(ordering: .relaxed) } == [1, 1])
    try await group.shutdownGracefully()
  }
}
