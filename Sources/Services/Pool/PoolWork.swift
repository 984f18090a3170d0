package import Resilience
package import Transport

/// On whose behalf a pool is asked for a place: how much it matters, and until when it makes sense.
package enum PoolWork: Sendable {
  /// A call from outside; its class follows from its method and its caller.
  case call(CallContext)
  /// Work of the node's own, such as an event of another service or a deadline. It waits for as
  /// long as it takes.
  case own(WorkClass)

  package static let fresh = PoolWork.own(.fresh)
  package static let continuing = PoolWork.own(.continuing)
  package static let settling = PoolWork.own(.settling)

  /// Looked up only where there is not room for everybody.
  var workClass: WorkClass {
    switch self {
    case .call(let context): WorkClass(of: context.method, by: context.principal.role)
    case .own(let work): work
    }
  }

  var deadline: Transport.MonotonicInstant {
    switch self {
    case .call(let context): context.deadline ?? .distantFuture
    case .own: .distantFuture
    }
  }
}

extension WorkClass {
  /// The one place where it is said which calls matter more than others when not all can be had.
  ///
  /// What is paid for is carried on before new orders are taken; who wants to cancel, is owed money
  /// or looks after the node gets through first. A charge belongs to a new order, whoever asks.
  package init(of method: String, by role: String) {
    if role == "operator" {
      self = .settling
    } else if let known = Self.known[method] {
      self = known
    } else {
      self = Self.trusted.contains(role) ? .continuing : .fresh
    }
  }

  /// Those who only call because something is under way.
  private static let trusted: Set<String> = ["store", "rider", "service"]

  private static let known: [String: WorkClass] = [
    "baedal.order.v1.OrderService/CancelOrder": .settling,
    "baedal.order.v1.OrderService/AnswerOffer": .settling,
    "baedal.store.v1.StoreService/AnswerCancel": .settling,
    "baedal.store.v1.StoreService/OfferRefund": .settling,
    "baedal.payment.v1.PaymentService/Refund": .settling,
    "baedal.order.v1.OrderService/PlaceOrder": .fresh,
    "baedal.order.v1.OrderService/PayOrder": .fresh,
    "baedal.payment.v1.PaymentService/Charge": .fresh,
  ]

  /// Methods that have a class of their own, for the check that they exist.
  package static var knownMethods: [String] { known.keys.sorted() }
}
