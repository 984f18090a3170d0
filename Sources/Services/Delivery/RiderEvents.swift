package import Domain
package import Journal
import Messages

/// Rider events as they are stored and sent.
package struct RiderEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: RiderEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .registered(let profile): try EventMapping.encode(RiderRegistered(profile: .init(profile)))
    case .profileChanged(let profile):
      try EventMapping.encode(RiderProfileChanged(profile: .init(profile)))
    case .wentOnline: try EventMapping.encode(RiderWentOnline())
    case .wentOffline: try EventMapping.encode(RiderWentOffline())
    }
  }

  package func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> RiderEvent {
    let stored = StoredMessage(type: type, payload: payload)
    return switch type {
    case RiderRegistered.fullName:
      try stored.read { (message: RiderRegistered) throws(Rejection) in
        .registered(try .init(message.profile))
      }
    case RiderProfileChanged.fullName:
      try stored.read { (message: RiderProfileChanged) throws(Rejection) in
        .profileChanged(try .init(message.profile))
      }
    case RiderWentOnline.fullName: try stored.read { (_: RiderWentOnline) in .wentOnline }
    case RiderWentOffline.fullName: try stored.read { (_: RiderWentOffline) in .wentOffline }
    default: throw .unknownType(type)
    }
  }
}
