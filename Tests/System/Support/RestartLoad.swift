import Messages
import Synchronization
import Transport

/// Customers who order while nodes are restarted, and what became of their calls.
final class RestartLoad: Sendable {
  private struct State {
    var failures: [String] = []
    var times: [Duration] = []
    var isOver = false
  }

  private let state = Mutex(State())
  private let tap: Wiretap

  init(_ tap: Wiretap) { self.tap = tap }

  var isOver: Bool { state.withLock { $0.isOver } }
  var calls: Int { state.withLock { $0.times.count + $0.failures.count } }
  var failures: [String] { state.withLock { $0.failures } }
  /// Calls that were sent a second time though the first may have been begun.
  var sentAgain: [String] { tap.sentAgain }

  func end() { state.withLock { $0.isOver = true } }

  /// Orders and looks at the order, as fast as it is answered, each call within 5 s.
  func order(_ town: Town, _ worker: Int) async {
    var number = 0
    while !isOver {
      number += 1
      let placed = await timed { () async throws(RPCError) in
        try await town.customer.call(
          OrderServiceMethods.placeOrder, Town.request("w\(worker)-\(number)"),
          within: .seconds(5), waits: true)
      }
      guard let id = placed?.order?.orderID else { continue }
      _ = await timed { () async throws(RPCError) in
        try await town.customer.call(
          OrderServiceMethods.getOrder, GetOrderRequest(orderID: id), within: .seconds(5),
          waits: true)
      }
    }
  }

  /// One line about it.
  var report: String {
    let times = state.withLock { $0.times }.sorted()
    func quantile(_ share: Double) -> Duration {
      times.isEmpty ? .zero : times[min(times.count - 1, Int(Double(times.count) * share))]
    }
    return "\(calls) calls, \(failures.count) failed, p50 \(quantile(0.5).shown), "
      + "p99 \(quantile(0.99).shown), longest \(quantile(1).shown); "
      + "\(tap.connections) connections, \(tap.repeated) calls sent again"
  }

  private func timed<Answer>(_ call: () async throws(RPCError) -> Answer) async -> Answer? {
    let clock = ContinuousClock()
    let begun = clock.now
    do throws(RPCError) {
      let answer = try await call()
      state.withLock { $0.times.append(clock.now - begun) }
      return answer
    } catch {
      state.withLock { $0.failures.append("\(error)") }
      return nil
    }
  }
}
