import Domain
import Services
import Transport

/// Who may call what: the one place that every call passes before a service sees it. What has no
/// rule is refused, and so is a request that names somebody else where it is for the caller's own.
/// Who is a party to an order only the aggregate knows (`Decider.isVisible`, `Decider.isOwner`).
package enum MethodRules {
  private static let byMethod = Dictionary(
    table.map { ($0.method, $0) }, uniquingKeysWith: { first, _ in first })

  /// The rule of a method; nil if it has none.
  package static func rule(for method: String) -> MethodRule? { byMethod[method] }

  /// Throws when one of these methods has no rule.
  static func checkComplete(_ methods: [String]) throws(RPCError) {
    let bare = methods.filter { byMethod[$0] == nil }
    guard bare.isEmpty else {
      throw RPCError(
        code: .internal, message: "no rule says who may call \(bare.joined(separator: ", "))")
    }
  }

  /// Refuses a call that its rule does not let in.
  static func authorize(_ context: CallContext, _ request: [UInt8]) throws(RPCError) {
    guard let rule = byMethod[context.method] else {
      throw RPCError(
        code: .permissionDenied, message: "\(context.method) is for nobody", unprocessed: true)
    }
    guard rule.callers != .anyone else { return }
    try rule.admit(try context.caller(), request)
  }
}

extension MethodRule {
  /// Refuses a caller who may not make that request.
  func admit(_ caller: Domain.Principal, _ request: [UInt8]) throws(RPCError) {
    guard admits(caller.role) else {
      throw RPCError(
        code: .permissionDenied, message: "\(method) is not for the role \(caller.role.rawValue)",
        unprocessed: true)
    }
    guard case .own(let owner) = ownership, ![.operator, .service].contains(caller.role) else {
      return
    }
    // What is no message, or no text, is refused for that.
    guard let named = owner.all(in: request),
      named.allSatisfy({ String(validating: $0, as: UTF8.self) != nil })
    else {
      throw RPCError(
        code: .invalidArgument, message: "the payload is not this method's message",
        unprocessed: true)
    }
    guard named.allSatisfy({ $0.isEmpty || $0.elementsEqual(caller.id.utf8) }) else {
      throw RPCError(
        code: .permissionDenied, message: "\(method) is for what is your own", unprocessed: true)
    }
  }
}
