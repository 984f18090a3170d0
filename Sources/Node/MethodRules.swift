import Transport

/// Who may call what, before a service looks at whose it is. Nobody in particular may ask whether
/// the node is well and what it offers; the rest is for those who say who they are.
enum MethodRules {
  private static let open: Set<String> = [
    "baedal.health.v1.HealthService", "baedal.describe.v1.DescribeService",
  ]
  private static let services: Set<String> = [
    "baedal.journal.v1.JournalService", "baedal.signals.v1.SignalsService",
  ]
  private static let operators: Set<String> = ["baedal.admin.v1.AdminService"]

  static let authorize: Router.Authorize = { (context) throws(RPCError) in
    let service = String(context.method.prefix { $0 != "/" })
    if open.contains(service) { return }
    guard !context.principal.role.isEmpty else {
      throw RPCError(code: .unauthenticated, message: "say who you are", unprocessed: true)
    }
    if services.contains(service), !["service", "operator"].contains(context.principal.role) {
      throw RPCError(
        code: .permissionDenied, message: "\(service) is for services", unprocessed: true)
    }
    if operators.contains(service), context.principal.role != "operator" {
      throw RPCError(
        code: .permissionDenied, message: "\(service) is for operators", unprocessed: true)
    }
  }
}
