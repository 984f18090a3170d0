import Domain
import Messages

// Values of the delivery area from their messages, for requests and stored events alike: what is
// not a valid value is a `Rejection(.invalid)`.

extension DeliveryJob {
  init(_ message: DeliveryOpened) throws(Rejection) {
    self.init(
      order: try OrderID(message.orderID), store: try StoreID(message.storeID),
      area: try Area(message.area), address: message.address)
  }
}

extension Domain.RiderProfile {
  init(_ message: Messages.RiderProfile?) throws(Rejection) {
    guard let message else { throw Rejection(.invalid, "the rider's profile is missing") }
    self.init(
      id: try RiderID(message.riderID), name: message.name,
      areas: try message.areas.map { (name) throws(Rejection) in try Area(name) })
  }
}

extension Messages.RiderProfile {
  init(_ profile: Domain.RiderProfile) {
    self.init(
      riderID: profile.id.rawValue, name: profile.name, areas: profile.areas.map(\.name))
  }
}
