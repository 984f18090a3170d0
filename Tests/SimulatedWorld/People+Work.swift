import Journal
import Messages
import Services
import Transport

// Store owners and riders: most do their work, some are slow, some never answer.
extension People {
  func answerTicket(_ event: RecordedEvent) async {
    guard let ticket = try? TicketReceived(serialized: event.payload) else { return }
    let who = principal("store", ticket.storeID)
    let mood = chance.number(1...100)
    guard mood > 12, await pause(.seconds(1)...(mood > 90 ? .seconds(400) : .seconds(120)))
    else { return }
    if mood > 22 {
      let request = AcceptTicketRequest(orderID: ticket.orderID, etaMinutes: 20)
      let answer = await ask(StoreServiceMethods.acceptTicket, request, as: who, attempts: 4)
      acknowledge(answer, TicketAccepted.fullName, of: event.stream)
    } else {
      let request = RefuseTicketRequest(orderID: ticket.orderID, reason: "closing")
      let answer = await ask(StoreServiceMethods.refuseTicket, request, as: who, attempts: 4)
      acknowledge(answer, TicketRefused.fullName, of: event.stream)
    }
  }

  func cook(_ id: String) async {
    guard let who = await owner(of: id), chance.perMille(930) else { return }
    let stream = StreamKey(category: "ticket", id: id)
    guard await pause(.seconds(5)...(.seconds(300))) else { return }
    if chance.perMille(250) { spawn { [self] in await offerRefund(id, who) } }
    let started = await ask(
      StoreServiceMethods.startCooking, TicketRequest(orderID: id), as: who, attempts: 5)
    acknowledge(started, TicketCookingStarted.fullName, of: stream)
    guard case .success = started, chance.perMille(950),
      await pause(.seconds(60)...(.seconds(900)))
    else { return }
    let finished = await ask(
      StoreServiceMethods.finishCooking, TicketRequest(orderID: id), as: who, attempts: 5)
    acknowledge(finished, TicketCookingFinished.fullName, of: stream)
  }

  /// One of it has turned out to be sold out. Numbered, since an offer may be sent again after
  /// the customer has answered it.
  private func offerRefund(_ id: String, _ who: Principal) async {
    var number: UInt32 = 1
    for _ in 0..<chance.number(1...2) {
      guard await pause(.milliseconds(1)...(.seconds(300))) else { return }
      let items = [OfferedItem(itemID: chance.pick(["a", "b"]), quantity: 1)]
      let answer = await ask(
        StoreServiceMethods.offerRefund,
        OfferRefundRequest(orderID: id, items: items, reason: "sold out", number: number), as: who,
        attempts: 3)
      if case .success = answer { number += 1 }
    }
  }

  func answerCancel(_ id: String) async {
    guard let who = await owner(of: id), chance.perMille(750),
      await pause(.seconds(1)...(.seconds(150)))
    else { return }
    let request = AnswerCancelRequest(orderID: id, agree: chance.perMille(500))
    _ = await ask(StoreServiceMethods.answerCancel, request, as: who, attempts: 3)
  }

  func answerOffer(_ event: RecordedEvent) async {
    guard let offer = try? DeliveryOffered(serialized: event.payload) else { return }
    let who = principal("rider", offer.riderID)
    let mood = chance.number(1...100)
    guard mood > 15, await pause(.seconds(1)...(.seconds(40))) else { return }
    let request = DeliveryRequest(orderID: event.stream.id, riderID: offer.riderID)
    if mood > 30 {
      let answer = await ask(DeliveryServiceMethods.claimDelivery, request, as: who, attempts: 3)
      acknowledge(answer, DeliveryAssigned.fullName, of: event.stream)
    } else {
      _ = await ask(DeliveryServiceMethods.declineOffer, request, as: who, attempts: 3)
    }
  }

  func deliver(_ event: RecordedEvent) async {
    guard let assigned = try? DeliveryAssigned(serialized: event.payload), chance.perMille(930)
    else { return }
    let who = principal("rider", assigned.riderID)
    let request = DeliveryRequest(orderID: event.stream.id, riderID: assigned.riderID)
    for _ in 0..<20 {
      guard await pause(.seconds(20)...(.seconds(240))) else { return }
      let answer = await ask(DeliveryServiceMethods.startDelivery, request, as: who, attempts: 3)
      acknowledge(answer, DeliveryStarted.fullName, of: event.stream)
      if case .success = answer { break }
    }
    for (method, type) in [
      (DeliveryServiceMethods.pickUp, DeliveryPickedUp.fullName),
      (DeliveryServiceMethods.completeDelivery, DeliveryCompleted.fullName),
    ] {
      guard chance.perMille(960), await pause(.seconds(30)...(.seconds(600))) else { return }
      let answer = await ask(method, request, as: who, attempts: 6)
      acknowledge(answer, type, of: event.stream)
    }
  }

  /// People look at a delivery that no rider wanted, and now and then somebody takes it.
  func rescue(_ id: String) async {
    guard chance.perMille(600), await pause(.seconds(30)...(.seconds(900))) else { return }
    let rider = chance.pick(riders)
    _ = await ask(
      DeliveryServiceMethods.claimDelivery, DeliveryRequest(orderID: id, riderID: rider),
      as: principal("rider", rider), attempts: 2)
  }

  /// Items sell out and come back, stores pause.
  func mindMenus() async {
    while await pause(.seconds(60)...(.seconds(900))), isBusy {
      let store = chance.pick(Self.stores)
      let who = principal("store", store)
      if chance.perMille(700) {
        let request = SetSoldOutRequest(
          storeID: store, itemID: "b", soldOut: chance.perMille(500))
        _ = await ask(StoreServiceMethods.setSoldOut, request, as: who)
      } else {
        let request = PauseStoreRequest(storeID: store, reason: "full")
        _ = await ask(StoreServiceMethods.pauseStore, request, as: who)
        guard await pause(.seconds(1)...(.seconds(120))) else { return }
        _ = await ask(
          StoreServiceMethods.resumeStore, ResumeStoreRequest(storeID: store), as: who,
          attempts: 20)
      }
    }
  }

  /// Riders go offline and come back.
  func takeBreaks() async {
    while await pause(.seconds(120)...(.seconds(900))), isBusy {
      let rider = chance.pick(riders)
      let who = principal("rider", rider)
      _ = await ask(DeliveryServiceMethods.goOffline, RiderRequest(riderID: rider), as: who)
      guard await pause(.seconds(10)...(.seconds(300))) else { return }
      _ = await ask(
        DeliveryServiceMethods.goOnline, RiderRequest(riderID: rider), as: who, attempts: 10)
    }
  }

  private func owner(of id: String) async -> Principal? {
    let answer = await ask(
      StoreServiceMethods.getTicket, TicketRequest(orderID: id), as: principal("operator", "op"),
      attempts: 4)
    guard case .success(let response) = answer, let ticket = response.ticket else { return nil }
    return principal("store", ticket.storeID)
  }

  private func acknowledge(
    _ answer: Result<some Message, RPCError>, _ type: String, of stream: StreamKey
  ) {
    if case .success = answer { world.story.acknowledge(type, of: stream) }
  }
}
