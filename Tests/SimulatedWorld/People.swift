import Journal
import Messages
import Services
import Transport

/// Customers, store owners, riders and an operator: what they do follows from the seed and from what
/// they see.
final class People: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  let world: World
  let chance: Chance
  private var tasks: [Task<Void, Never>] = []
  /// Stores and riders are known to everybody, and the workload may begin.
  private(set) var isReady = false
  /// New orders are still made, and moods still change.
  var isBusy = true

  static let place = -1
  static let stores = ["s1", "s2"]
  static let areas = ["gangnam", "mapo"]
  let riders: [String]
  let customers: [String]

  init(_ world: World) {
    self.world = world
    chance = Chance(seed: world.seed, "people")
    riders = (1...chance.number(2...3)).map { "r\($0)" }
    customers = (1...chance.number(1...3)).map { "c\($0)" }
  }

  func end() {
    for task in tasks { task.cancel() }
    tasks = []
  }

  func spawn(_ body: @escaping @Sendable () async -> Void) {
    guard !world.isEnding else { return }
    tasks.append(Task(executorPreference: world.outside) { await body() })
  }

  func pause(_ range: ClosedRange<Duration>) async -> Bool {
    await pause(chance.duration(range))
  }

  /// False when the world has ended meanwhile.
  func pause(_ duration: Duration) async -> Bool {
    do {
      try await world.scheduler.sleep(until: world.scheduler.now + duration.nanoseconds)
      return true
    } catch { return false }
  }

  /// Asks once, or again and again while nobody answers.
  func ask<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, as who: Principal,
    attempts: Int = 1
  ) async -> Result<Response, RPCError> {
    var result: Result<Response, RPCError> = .failure(RPCError(code: .cancelled, message: ""))
    for attempt in 1...attempts {
      do throws(RPCError) {
        return .success(
          try await world.network.call(
            method, request, from: Self.place, as: who, within: .seconds(10)))
      } catch { result = .failure(error) }
      guard attempt < attempts, !world.isEnding, case .failure(let error) = result,
        error.isWorthAnotherTry, await pause(.milliseconds(100)...(.seconds(20)))
      else { return result }
    }
    return result
  }

  func principal(_ role: String, _ id: String) -> Principal { Principal(role: role, id: id) }

  /// Opens stores and registers riders, until it is done.
  func prepare() {
    spawn { [self] in
      for store in Self.stores { await open(store) }
      for (index, rider) in riders.enumerated() { await enlist(rider, index) }
      isReady = true
    }
  }

  private func open(_ store: String) async {
    let who = principal("store", store)
    let details = StoreDetails(
      storeID: store, name: store, areas: Self.areas, minimumOrderWon: 1000)
    _ = await ask(
      StoreServiceMethods.registerStore, RegisterStoreRequest(details: details), as: who,
      attempts: 50)
    for (item, price) in [("a", Int64(9000)), ("b", 12_000)] {
      let item = MenuItem(itemID: item, name: item, priceWon: price)
      _ = await ask(
        StoreServiceMethods.putMenuItem, PutMenuItemRequest(storeID: store, item: item), as: who,
        attempts: 50)
    }
  }

  private func enlist(_ rider: String, _ index: Int) async {
    let who = principal("rider", rider)
    let areas = index == 0 ? Self.areas : [chance.pick(Self.areas)]
    let profile = RiderProfile(riderID: rider, name: rider, areas: areas)
    _ = await ask(
      DeliveryServiceMethods.registerRider, RegisterRiderRequest(profile: profile), as: who,
      attempts: 50)
    _ = await ask(
      DeliveryServiceMethods.goOnline, RiderRequest(riderID: rider), as: who, attempts: 50)
  }

  /// Something became visible: whom it concerns may do something about it.
  func see(_ event: RecordedEvent) {
    let id = event.stream.id
    switch event.type {
    case TicketReceived.fullName: spawn { [self] in await answerTicket(event) }
    case TicketConfirmed.fullName: spawn { [self] in await cook(id) }
    case TicketCancelAsked.fullName: spawn { [self] in await answerCancel(id) }
    case OrderAccepted.fullName: spawn { [self] in await reconsider(id) }
    case PaymentApproved.fullName: spawn { [self] in await complain(id) }
    case OrderRefundOffered.fullName: spawn { [self] in await answerOfferedRefund(event) }
    case DeliveryOffered.fullName: spawn { [self] in await answerOffer(event) }
    case DeliveryAssigned.fullName: spawn { [self] in await deliver(event) }
    case DeliveryEscalated.fullName: spawn { [self] in await rescue(id) }
    default: break
    }
  }
}

extension RPCError {
  /// Whether asking again may help.
  var isWorthAnotherTry: Bool {
    switch code {
    case .unavailable, .deadlineExceeded, .resourceExhausted, .unknown, .aborted, .internal: true
    default: false
    }
  }
}
