import Domain
import Services
import Transport

/// Who may call what: the one place that every call passes before a service sees it. What has no
/// rule is refused. Whose things a call reaches is then held by the aggregates themselves.
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
  static func authorize(_ context: CallContext) throws(RPCError) {
    guard let rule = byMethod[context.method] else {
      throw RPCError(
        code: .permissionDenied, message: "\(context.method) is for nobody", unprocessed: true)
    }
    guard case .roles(let roles) = rule.callers else { return }
    let role = try context.caller().role
    guard roles.contains(role) else {
      throw RPCError(
        code: .permissionDenied,
        message: "\(context.method) is not for the role \(role.rawValue)", unprocessed: true)
    }
  }
}
