import Messages
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
    OrderServiceMethods.cancelOrder.path: .settling,
    OrderServiceMethods.answerOffer.path: .settling,
    StoreServiceMethods.answerCancel.path: .settling,
    StoreServiceMethods.offerRefund.path: .settling,
    PaymentServiceMethods.refund.path: .settling,
    OrderServiceMethods.placeOrder.path: .fresh,
    OrderServiceMethods.payOrder.path: .fresh,
    PaymentServiceMethods.charge.path: .fresh,
  ]
}
