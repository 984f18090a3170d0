package import Domain
import Journal

extension Domain.StoreProfile: JournaledDecider {
  package static var category: String { "store" }
  package static var codec: StoreProfileEventCodec { StoreProfileEventCodec() }
  package typealias DeadlineKind = NoDeadline
}

/// A ticket has no deadlines of its own: the order watches over the store.
extension Domain.Ticket: JournaledDecider {
  package static var category: String { "ticket" }
  package static var codec: TicketEventCodec { TicketEventCodec() }
  package typealias DeadlineKind = NoDeadline
}
