import Journal
import Messages
import NIOPosix
import Services
import Synchronization
import Transport

/// Somebody who follows a node's journal from elsewhere, with cursors of their own, while the node
/// comes and goes.
final class JournalReaderAbroad: Sendable {
  private struct State {
    var cursors: [Int] = []
    var wrong: [String] = []
    var isOver = false
  }

  private let state = Mutex(State())
  private let journal: RemoteJournal
  private let transport: TCPClient

  init(_ name: String, of port: Int) {
    var configuration = ClientConfiguration()
    configuration.credentials = ClientCredentials(
      principal: Principal(role: "service", id: "abroad"))
    transport = TCPClient(
      host: "127.0.0.1", port: port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    journal = RemoteJournal(
      name: name, feed: JournalServiceClient(RPCClient(transport)), clock: .system)
  }

  /// Events seen of each partition.
  var seen: [Int] { state.withLock { $0.cursors } }
  /// Events that did not follow the one before.
  var wrong: [String] { state.withLock { $0.wrong } }

  func end() { state.withLock { $0.isOver = true } }
  func close() async { await transport.close() }

  /// The heads of all partitions, once the node answers.
  func heads() async throws -> [Int] {
    try await eventually("heads") {
      try? await journal.status().heads.map { Int($0.value) }
    }
  }

  /// Reads each event once, in order, until told to end, or cancelled since a test has failed.
  func follow() async throws {
    let count = try await heads().count
    state.withLock { $0.cursors = Array(repeating: 0, count: count) }
    while !state.withLock({ $0.isOver }), !Task.isCancelled {
      for index in 0..<count { await read(Partition(index)) }
      // Cut off by a node that goes away, or over in time: either way there is the next look.
      let cursors = seen.map { Position(Int64($0)) }
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = try? await self.journal.waitForChange(after: cursors) }
        group.addTask { try? await Task.sleep(for: .milliseconds(200)) }
        await group.next()
        group.cancelAll()
      }
    }
  }

  private func read(_ partition: Partition) async {
    let cursor = seen[partition.index]
    let events = try? await journal.read(
      partition: partition, after: Position(Int64(cursor)), limit: 100)
    state.withLock { state in
      for event in events ?? [] {
        let next = state.cursors[partition.index] + 1
        if Int(event.position.value) != next {
          state.wrong.append("\(event.position) of \(partition) after \(next - 1)")
        }
        state.cursors[partition.index] = next
      }
    }
  }
}
