import Domain
import Journal
import Messages
package import Transport
package import Views

/// Which deliveries are under way and which riders are online: what dispatch starts from. One row
/// each, named as its stream; being there is all that a row says.
package enum DispatchView {
  /// The view's name in cursors.
  package static let view = "delivery.active"
  /// The events that add or remove a row.
  package static let events: Set<String> = [
    DeliveryOpened.fullName, DeliveryCompleted.fullName, DeliveryReleased.fullName,
    RiderWentOnline.fullName, RiderWentOffline.fullName,
  ]

  package static let fold = KeyedFold(
    name: "active", version: 1,
    key: { events.contains($0.type) ? $0.stream.text : nil },
    effect: { event, _ in adds(event) ? .put(Array(event.stream.text.utf8)) : .remove })

  static func adds(_ event: RecordedEvent) -> Bool {
    event.type == DeliveryOpened.fullName || event.type == RiderWentOnline.fullName
  }
}

extension Dispatcher {
  /// Events read at once while catching up.
  private static let readEventsMax = 512

  /// Fills the board at start from the view and from what the journal has beyond it. Call it
  /// before the first event is taken and before the first deadline fires.
  package func restore(from view: any KeyedView) async throws(RPCError) {
    var active: Set<StreamKey> = []
    var cursors = ViewCursors()
    do throws(ViewError) {
      cursors = try await view.cursors()
      try await view.forEachRow { row in
        if let stream = StreamKey(text: row.key) { active.insert(stream) }
      }
    } catch {
      guard case .corrupt = error else {
        throw RPCError(code: .unavailable, message: "dispatch cannot read its view", cause: error)
      }
      // The view begins anew, and the journal has everything that was in it.
      (active, cursors) = ([], ViewCursors())
    }
    // The cursors were read first: rows may be newer, and what is taken twice ends the same.
    for index in 0..<journal.partitionCount {
      let at = cursors.position(journal.name, Partition(index))
      try await catchUp(&active, Partition(index), after: at)
    }
    try await restore(
      deliveries: active.filter { $0.category == Domain.Delivery.category }
        .compactMap { OrderID(rawValue: $0.id) }.sorted(),
      riders: active.filter { $0.category == Domain.Rider.category }
        .compactMap { RiderID(rawValue: $0.id) }.sorted())
  }

  private func catchUp(
    _ active: inout Set<StreamKey>, _ partition: Partition, after position: Position
  ) async throws(RPCError) {
    var at = position
    while true {
      let events: [RecordedEvent]
      do throws(JournalError) {
        events = try await journal.read(
          partition: partition, after: at, limit: Self.readEventsMax)
      } catch {
        // Whatever the damaged event said, it holds up nobody but its own delivery or rider.
        guard case .corrupt(let damage) = error, damage.position == at.next else {
          throw RPCError(error)
        }
        at = at.next
        continue
      }
      guard let last = events.last else { return }
      for event in events where DispatchView.events.contains(event.type) {
        if DispatchView.adds(event) {
          active.insert(event.stream)
        } else {
          active.remove(event.stream)
        }
      }
      at = last.position
    }
  }
}
