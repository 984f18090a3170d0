import Domain
import Journal
import Messages
import Services
import Transport

extension NodeAdmin {
  private static let waitingDefault = 50
  private static let waitingMax = 1000

  func listWaiting(
    _ request: ListWaitingRequest, context: CallContext
  ) async throws(RPCError) -> ListWaitingResponse {
    let limit = min(request.limit == 0 ? Self.waitingDefault : Int(request.limit), Self.waitingMax)
    let now = NodeClock.milliseconds()
    try check(request)
    var waiting: [Messages.Waiting] = []
    for service in NodeJournals.owners
    where request.service.isEmpty || request.service == service.rawValue {
      guard let journal = journals[service] else { continue }
      do throws(JournalError) {
        // One more than is asked for tells whether there is more.
        let rows = try await journal.deadlines(
          kind: request.kind.isEmpty ? nil : request.kind, after: nil, limit: limit + 1)
        waiting += rows.map { Messages.Waiting($0, of: service) }
      } catch { throw RPCError(error) }
    }
    if request.overdue { waiting.removeAll { $0.dueAtMs > now } }
    waiting.sort { ($0.dueAtMs, $0.subject) < ($1.dueAtMs, $1.subject) }
    return ListWaitingResponse(
      waiting: Array(waiting.prefix(limit)), more: waiting.count > limit)
  }
}

extension NodeAdmin {
  /// A name that nothing has would look as if nothing waited.
  private func check(_ request: ListWaitingRequest) throws(RPCError) {
    let services = NodeJournals.owners.map(\.rawValue)
    guard request.service.isEmpty || services.contains(request.service) else {
      throw RPCError(
        code: .invalidArgument,
        message: "service '\(request.service)' is none of \(services.joined(separator: ", "))")
    }
    let kinds = DomainTables.deadlineKinds
    guard request.kind.isEmpty || kinds.contains(request.kind) else {
      throw RPCError(
        code: .invalidArgument,
        message: "kind '\(request.kind)' is none of \(kinds.joined(separator: ", "))")
    }
  }
}

extension Messages.Waiting {
  fileprivate init(_ deadline: Deadline, of service: ServiceName) {
    let (category, kind) = (deadline.key.stream.category, deadline.key.kind)
    let rule = DomainTables.deadline(kind, of: category)
    self.init(
      service: service.rawValue, subject: deadline.key.stream.id, kind: kind,
      owner: rule?.owner ?? deadline.owner, outcome: rule?.outcome ?? "",
      dueAtMs: deadline.dueAt.milliseconds)
  }
}
