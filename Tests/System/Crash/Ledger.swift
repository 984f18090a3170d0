import Messages
import Synchronization

/// What a node has acknowledged, noted outside of it.
final class Ledger: Sendable {
  private struct State {
    var acknowledged: [String: Messages.Order] = [:]
    var unanswered: Set<String> = []
    var nextKey = 0
  }

  private let state = Mutex(State())

  var acknowledged: [String: Messages.Order] { state.withLock { $0.acknowledged } }

  /// What was asked for and never answered.
  var unanswered: Set<String> { state.withLock { $0.unanswered } }

  /// The next order to ask for: one that was never answered, or a new one.
  func nextKey() -> String {
    state.withLock { state in
      if let left = state.unanswered.popFirst() { return left }
      state.nextKey += 1
      return "k\(state.nextKey)"
    }
  }

  /// The node has answered with this order; what it said before stays if it was later.
  func acknowledge(_ key: String, _ order: Messages.Order) {
    state.withLock { state in
      let known = state.acknowledged[key]?.version ?? 0
      if order.version >= known { state.acknowledged[key] = order }
    }
  }

  /// No answer came; the key is asked for again.
  func leave(_ key: String) {
    state.withLock { state in
      if state.acknowledged[key] == nil { state.unanswered.insert(key) }
    }
  }
}

/// What became of an order that was acknowledged.
enum Loss: Hashable, CustomStringConvertible {
  case missing(key: String)
  case setBack(key: String, from: OrderState, to: OrderState)
  case another(key: String, id: String)

  var description: String {
    switch self {
    case .missing(let key): "\(key) is missing"
    case .setBack(let key, let from, let to): "\(key) was \(from), is \(to)"
    case .another(let key, let id): "\(key) is another order now: \(id)"
    }
  }

  /// What is wrong with `found`, now that `acknowledged` was said.
  init?(_ key: String, acknowledged: Messages.Order, found: Messages.Order) {
    if found.orderID != acknowledged.orderID {
      self = .another(key: key, id: found.orderID)
    } else if found.version < acknowledged.version
      || (acknowledged.paid && !found.paid)
      || (acknowledged.state.isOver && found.state != acknowledged.state)
    {
      self = .setBack(key: key, from: acknowledged.state, to: found.state)
    } else {
      return nil
    }
  }
}

extension OrderState {
  var isOver: Bool {
    switch self {
    case .delivered, .rejected, .cancelled, .expired: true
    default: false
    }
  }
}
