import Journal
import Messages
import Services

/// Where a list of parked events has got to: behind this one.
struct ParkedPage: Equatable {
  let service: ServiceName
  let subscriber: String
  let partition: Partition
  let position: Position

  /// `store/store.order/3/17`; nil for a text that is none.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, let service = ServiceName(rawValue: String(parts[0])),
      let partition = Int(parts[2]), partition >= 0, let position = Int64(parts[3]), position >= 0
    else { return nil }
    self.service = service
    subscriber = String(parts[1])
    self.partition = Partition(partition)
    self.position = Position(position)
  }

  /// Behind that event.
  init?(_ event: Messages.ParkedEvent) {
    guard let service = ServiceName(rawValue: event.service) else { return nil }
    self.service = service
    subscriber = event.subscriber
    partition = Partition(Int(event.partition))
    position = Position(event.position)
  }

  var text: String { "\(service.rawValue)/\(subscriber)/\(partition)/\(position)" }

  /// The row that it stands behind, under the name that its rows have.
  func key(of rowName: String) -> ParkedKey {
    ParkedKey(subscriber: rowName, partition: partition, position: position)
  }
}

extension ServiceName {
  /// The order in which services are listed.
  static func <= (left: ServiceName, right: ServiceName) -> Bool {
    let order = NodeJournals.owners
    return (order.firstIndex(of: left) ?? order.count)
      <= (order.firstIndex(of: right) ?? order.count)
  }
}
