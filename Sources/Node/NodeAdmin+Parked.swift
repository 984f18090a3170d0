import Journal
import Messages
import Services
import Transport

extension Messages.ParkedEvent {
  init(_ event: StoredParkedEvent, of service: ServiceName) {
    self.init(
      service: service.rawValue, subscriber: event.key.subscriber,
      partition: UInt32(clamping: event.key.partition.index),
      position: event.key.position.value, source: event.source, stream: event.stream.text,
      type: event.type, reason: event.reason, attempts: UInt32(clamping: event.attempts),
      parkedAtMs: event.parkedAt.milliseconds)
  }
}

extension RPCError {
  init(_ error: ParkingError) {
    switch error {
    case .journal(let error): self.init(error)
    case .tooEarly:
      self.init(
        code: .failedPrecondition, message: "events before it are still being handled",
        retryAfter: .seconds(1), cause: error)
    case .cancelled: self.init(code: .cancelled, message: "cancelled", cause: error)
    }
  }
}
