public import Domain
import Journal

extension Domain.StoreProfile: JournaledDecider {
  public static var category: String { "store" }
  public static var codec: StoreProfileEventCodec { StoreProfileEventCodec() }
  public typealias DeadlineKind = NoDeadline
}

/// A ticket has no deadlines of its own: the order watches over the store.
extension Domain.Ticket: JournaledDecider {
  public static var category: String { "ticket" }
  public static var codec: TicketEventCodec { TicketEventCodec() }
  public typealias DeadlineKind = NoDeadline
}
