package import Journal
import Messages
package import Views

/// What the events of the four journals mean for the view: the one place where they are read.
package enum DashboardFold {
  /// The journals the view is built from.
  package static let sources = ["order", "payment", "store", "delivery"]

  /// The change one event brings; nil when it is not part of an order's course (menus, riders).
  /// What this version cannot read becomes a change that says so: the order's stream is not
  /// followed any further, and nobody else is held up.
  package static func change(for event: RecordedEvent) -> OrderChange? {
    guard let service = service(ofCategory: event.stream.category) else { return nil }
    let meaning: OrderChange.Meaning
    if let read = readers[event.type] {
      do throws(CodecError) {
        meaning = .effect(try read(event.payload))
      } catch { meaning = .unreadable("\(error)") }
    } else {
      meaning = .unreadable("an event of unknown type")
    }
    return OrderChange(
      orderID: event.stream.id, service: service, version: event.version.value,
      at: event.recordedAt, event: shortName(event.type), meaning: meaning)
  }

  /// An event that was set aside: its order's stream is not followed any further.
  static func setAside(_ aside: SetAsideEvent) -> OrderChange? {
    guard var change = change(for: aside.event) else { return nil }
    change.meaning = .unreadable(aside.reason)
    return change
  }

  private static func service(ofCategory category: String) -> OrderJournal? {
    switch category {
    case "order": .order
    case "payment": .payment
    case "ticket": .store
    case "delivery": .delivery
    default: nil
    }
  }

  /// `OrderPlaced` of `baedal.order.v1.OrderPlaced`.
  private static func shortName(_ type: String) -> String {
    type.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(type[type.index(after: $0)...]) }
      ?? type
  }

  typealias Reader = @Sendable ([UInt8]) throws(CodecError) -> OrderEffect

  private static let readers: [String: Reader] = {
    var readers = orderReaders
    for more in [paymentReaders, ticketReaders, deliveryReaders] {
      readers.merge(more) { first, _ in first }
    }
    return readers
  }()

  /// An entry for one event: the message, and what it does to the effect.
  static func on<Event: Message>(
    _ type: Event.Type, _ fill: @escaping @Sendable (Event, inout OrderEffect) -> Void
  ) -> (String, Reader) {
    (
      Event.fullName,
      { (payload) throws(CodecError) in
        var effect = OrderEffect()
        fill(try Event(serialized: payload), &effect)
        return effect
      }
    )
  }
}

extension Messages.OrderState {
  /// Nothing changes an order any more that is here.
  package var isTerminal: Bool {
    switch self {
    case .delivered, .rejected, .cancelled, .expired: true
    default: false
    }
  }

  /// As the view keeps it.
  var stage: OrderStage { OrderStage(code: rawValue, isTerminal: isTerminal) }
}
