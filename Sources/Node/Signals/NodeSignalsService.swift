import Messages
import Services
import Synchronization
import Transport

/// The signals over the wire.
final class NodeSignalsService: SignalsServiceProtocol {
  private let reader: SignalReader
  private let scaler: PoolScaler
  private let clock: TransportClock
  private let watchers = Mutex(0)

  private static let intervalStandard: UInt32 = 1000
  private static let intervalMin: UInt32 = 100
  private static let intervalMax: UInt32 = 3_600_000
  /// Who watch at once.
  static let watchersMax = 64

  init(_ reader: SignalReader, _ scaler: PoolScaler, clock: TransportClock) {
    self.reader = reader
    self.scaler = scaler
    self.clock = clock
  }

  func getSignals(
    _ request: GetSignalsRequest, context: CallContext
  ) async throws(RPCError) -> NodeSignals {
    reader.read(service: try named(request.service))
  }

  nonisolated(nonsending) func watchSignals(
    _ request: WatchSignalsRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (NodeSignals) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    let service = try named(request.service)
    let interval = request.intervalMs == 0 ? Self.intervalStandard : request.intervalMs
    guard (Self.intervalMin...Self.intervalMax).contains(interval) else {
      throw RPCError(
        code: .invalidArgument,
        message: "interval_ms must be from \(Self.intervalMin) to \(Self.intervalMax), "
          + "not \(interval)", unprocessed: true)
    }
    let isTaken = watchers.withLock { watchers in
      guard watchers < Self.watchersMax else { return false }
      watchers += 1
      return true
    }
    guard isTaken else {
      throw RPCError(
        code: .resourceExhausted, message: "\(Self.watchersMax) watch signals already",
        unprocessed: true)
    }
    defer { watchers.withLock { $0 -= 1 } }
    while true {
      // A reader that is slow gets fewer of them, never older ones.
      try await send(reader.read(service: service))
      do {
        try await clock.sleep(clock.now().advanced(by: .milliseconds(Int64(interval))))
      } catch { throw RPCError(code: .cancelled, message: "cancelled") }
    }
  }

  func explainScaling(
    _ request: ExplainScalingRequest, context: CallContext
  ) async throws(RPCError) -> ExplainScalingResponse {
    try scaler.explain(request)
  }

  /// nil for all.
  private func named(_ service: String) throws(RPCError) -> String? {
    guard !service.isEmpty else { return nil }
    guard reader.services.contains(service) else {
      let known = reader.services.joined(separator: ", ")
      throw RPCError(
        code: .notFound, message: "no pool here is called '\(service)'; there are \(known)",
        unprocessed: true)
    }
    return service
  }
}
