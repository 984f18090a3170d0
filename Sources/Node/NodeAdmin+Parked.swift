import Journal
import Messages
import Services
import Transport

extension NodeAdmin {
  private static let parkedDefault = 50
  private static let parkedMax = 1000
  /// Rows read at once where most may not be what is asked for.
  private static let rowsMax = 512
  /// How long another node may take to tell what it has set aside.
  private static let askTimeout = Duration.seconds(3)

  /// Of all services, each asked where it runs and all at the same time. A node that cannot be
  /// asked is named; the others are listed all the same.
  func listParked(
    _ request: ListParkedRequest, context: CallContext
  ) async throws(RPCError) -> ListParkedResponse {
    let start = try start(of: request)
    let limit = min(request.limit == 0 ? Self.parkedDefault : Int(request.limit), Self.parkedMax)
    let services = NodeJournals.owners.filter { service in
      (request.service.isEmpty || request.service == service.rawValue)
        && start.map { $0.service <= service } ?? true
    }
    let answers = await withTaskGroup(
      of: (ServiceName, Result<[Messages.ParkedEvent], RPCError>?).self
    ) { group in
      for service in services {
        let from = start?.service == service ? start : nil
        group.addTask {
          (service, await self.list(request, of: service, from: from, limit: limit, context))
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    var response = ListParkedResponse()
    for service in services {
      switch answers[service] {
      case .success(let events): response.events += events
      case .failure(let error): response.unasked.append(unasked(service, error))
      case nil: break
      }
    }
    // Whoever is cut off here is asked for again with the page that follows.
    response.events = Array(response.events.prefix(limit))
    if response.events.count == limit, let last = response.events.last {
      response.nextPage = ParkedPage(last).map(\.text) ?? ""
    }
    return response
  }

  /// nil when the service is none of this node's and only those are asked for.
  private func list(
    _ request: ListParkedRequest, of service: ServiceName, from start: ParkedPage?, limit: Int,
    _ context: CallContext
  ) async -> Result<[Messages.ParkedEvent], RPCError>? {
    do throws(RPCError) {
      if config.services.contains(service) {
        return .success(try await own(request, of: service, from: start, limit: limit))
      }
      guard !request.local else { return nil }
      var remote = request
      remote.local = true
      remote.service = service.rawValue
      remote.page = start?.text ?? ""
      remote.limit = UInt32(clamping: limit)
      let answer = try await client(for: service).listParked(
        remote, context: context.acting(as: context.principal, within: patience(context)))
      return .success(answer.events)
    } catch { return .failure(error) }
  }

  /// What this node's subscribers have set aside.
  private func own(
    _ request: ListParkedRequest, of service: ServiceName, from start: ParkedPage?, limit: Int
  ) async throws(RPCError) -> [Messages.ParkedEvent] {
    var events: [Messages.ParkedEvent] = []
    let own = followers.filter { $0.service == service }.map(\.follower)
    for follower in own.sorted(by: { $0.subscriber.name < $1.subscriber.name }) {
      let name = follower.subscriber.name
      guard request.subscriber.isEmpty || request.subscriber == name,
        start.map({ $0.subscriber <= name }) ?? true
      else { continue }
      let rowName = request.discarded ? ParkedKey.discarded(by: name) : name
      var after = start.flatMap { $0.subscriber == name ? $0.key(of: rowName) : nil }
      while events.count < limit {
        let page: [StoredParkedEvent]
        do throws(JournalError) {
          page = try await follower.destination.parked(
            for: rowName, after: after, limit: Self.rowsMax)
        } catch { throw RPCError(error) }
        events += page.filter { row in
          (request.type.isEmpty || request.type == row.type)
            && (request.id.isEmpty || request.id == row.stream.id)
        }.prefix(limit - events.count).map { message($0, of: service, as: name) }
        guard let last = page.last else { break }
        after = last.key
      }
    }
    return events
  }

  func message(
    _ event: StoredParkedEvent, of service: ServiceName, as subscriber: String
  ) -> Messages.ParkedEvent {
    Messages.ParkedEvent(
      service: service.rawValue, subscriber: subscriber,
      partition: UInt32(clamping: event.key.partition.index),
      position: event.key.position.value, source: event.source, stream: event.stream.text,
      type: event.type, reason: event.reason, attempts: UInt32(clamping: event.attempts),
      parkedAtMs: event.parkedAt.milliseconds, node: config.nodeName,
      orderingKey: event.orderingKey)
  }

  /// Where the page begins. A name that nothing has would look as if nothing were set aside.
  private func start(of request: ListParkedRequest) throws(RPCError) -> ParkedPage? {
    if !request.service.isEmpty { _ = try owner(named: request.service) }
    let known = [
      OrderSaga.paymentSubscriber, OrderSaga.storeSubscriber, OrderSaga.deliverySubscriber,
      PaymentSaga.orderSubscriber, StoreSaga.orderSubscriber, DeliverySaga.orderSubscriber,
      Dispatcher.subscriber,
    ]
    guard request.subscriber.isEmpty || known.contains(request.subscriber) else {
      throw RPCError(
        code: .invalidArgument,
        message: "subscriber '\(request.subscriber)' is none of \(known.joined(separator: ", "))")
    }
    guard !request.page.isEmpty else { return nil }
    guard let page = ParkedPage(request.page) else {
      throw RPCError(code: .invalidArgument, message: "page '\(request.page)' is none of ours")
    }
    return page
  }

  private func unasked(_ service: ServiceName, _ error: RPCError) -> UnaskedNode {
    let names = config.peers.filter { $0.services.contains(service) }.map(\.name)
    return UnaskedNode(
      node: names.joined(separator: ", "), service: service.rawValue, reason: "\(error)")
  }

  /// Leaves time to tell who did not answer.
  private func patience(_ context: CallContext) -> Duration {
    min(Self.askTimeout, (context.remainingTime ?? Self.askTimeout) * 0.7)
  }
}

extension NodeAdmin {
  /// The service of that name, which keeps a journal.
  func owner(named name: String) throws(RPCError) -> ServiceName {
    guard let service = ServiceName(rawValue: name), NodeJournals.owners.contains(service) else {
      let names = NodeJournals.owners.map(\.rawValue).joined(separator: ", ")
      throw RPCError(
        code: .invalidArgument, message: "service '\(name)' is none of \(names)",
        unprocessed: true)
    }
    return service
  }

  /// The operators' service of the node that runs `service`.
  func client(for service: ServiceName) throws(RPCError) -> AdminServiceClient {
    guard let client = peers.client(for: service) else {
      throw RPCError(
        code: .failedPrecondition,
        message: "\(config.nodeName) does not run \(service.rawValue) and knows no node that does",
        unprocessed: true)
    }
    return AdminServiceClient(client)
  }
}
