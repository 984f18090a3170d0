import Testing

@testable import Domain

@Suite("Delivery")
struct DeliveryTests {
  private static let waiting: [DeliveryEvent] = [.opened(Sample.job)]
  private static let offered =
    waiting + [.offered(rider: Sample.rider, until: Sample.later, round: 1)]
  private static let assigned = offered + [.assigned(rider: Sample.rider)]
  private static let ready = assigned + [.foodReady]
  private static let started = ready + [.started(rider: Sample.rider)]
  private static let pickedUp = started + [.pickedUp(rider: Sample.rider)]
  private static let delivered = pickedUp + [.completed(rider: Sample.rider)]
  private static let passedOver = offered + [.offerDeclined(rider: Sample.rider)]
  private static let histories: [[DeliveryEvent]] = [
    [], waiting, offered, passedOver,
    passedOver + [.offered(rider: Sample.otherRider, until: Sample.later, round: 2)],
    passedOver + [.escalated], waiting + [.foodReady], waiting + [.escalated], assigned, ready,
    started, pickedUp, delivered, waiting + [.released(reason: "cancelled")],
    [.released(reason: "cancelled")],
  ]
  private static let commands: [DeliveryCommand] = [
    .open(Sample.job), .offer(rider: Sample.rider, until: Sample.later),
    .offer(rider: Sample.otherRider, until: Sample.later), .claim(rider: Sample.rider),
    .declineOffer(rider: Sample.rider), .offerExpired(round: 1), .offerExpired(round: 2),
    .foodReady, .start(rider: Sample.rider), .pickUp(rider: Sample.rider),
    .complete(rider: Sample.rider), .unassign(reason: "flat tyre"), .release(reason: "cancelled"),
    .escalate,
  ]

  private func decide(
    _ command: DeliveryCommand, _ history: [DeliveryEvent], by principal: Principal
  ) throws(Rejection) -> [DeliveryEvent] {
    let state = Delivery.evolve(Delivery.initial, history)
    return try Delivery.decide(command, state: state, by: principal, at: Sample.now)
  }

  @Test("a delivery takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let check = TableCheck<Delivery>(
      situations: Self.histories.map(Situation.init), commands: Self.commands)
    check.expectExactly(
      """
      none open service -> waiting
      waiting,escalated offer service,operator -> offered
      waiting,offered,escalated claim rider -> assigned
      offered declineOffer rider -> waiting
      offered offerExpired service -> waiting
      assigned start rider -> started
      started pickUp rider -> pickedUp
      pickedUp complete rider -> delivered
      assigned unassign rider,operator,service -> waiting
      none,waiting,offered,assigned release service -> released
      started,pickedUp,escalated release service -> released
      waiting escalate service -> escalated
      """)
  }

  @Test("any rider may claim what waits; what is offered is for the one rider it is offered to")
  func claims() throws {
    let other = Principal.rider(Sample.otherRider)
    let claim = DeliveryCommand.claim(rider: Sample.otherRider)
    #expect(
      try decide(claim, Self.waiting, by: other) == [.assigned(rider: Sample.otherRider)])
    #expect(throwsCode(.conflict) { try decide(claim, Self.offered, by: other) })
    #expect(throwsCode(.conflict) { try decide(claim, Self.assigned, by: other) })
    #expect(throwsCode(.conflict) { try decide(claim, Self.delivered, by: other) })
    #expect(
      throwsCode(.notYours) {
        try decide(claim, Self.waiting, by: .rider(Sample.rider))
      })
  }

  @Test("only the assigned rider can start, pick up and complete")
  func assignedRider() {
    let other = Principal.rider(Sample.otherRider)
    let attempts: [(DeliveryCommand, [DeliveryEvent])] = [
      (.start(rider: Sample.otherRider), Self.ready),
      (.pickUp(rider: Sample.otherRider), Self.started),
      (.complete(rider: Sample.otherRider), Self.pickedUp),
      (.start(rider: Sample.rider), Self.ready), (.unassign(reason: ""), Self.assigned),
      (.declineOffer(rider: Sample.otherRider), Self.offered),
    ]
    for (command, history) in attempts {
      #expect(throwsCode(.notFound) { try decide(command, history, by: other) }, "\(command)")
    }
  }

  @Test("a rider does not set out before the food is ready, and does not deliver before pick-up")
  func order() {
    let rider = Principal.rider(Sample.rider)
    #expect(
      throwsCode(.illegalState) {
        try decide(.start(rider: Sample.rider), Self.assigned, by: rider)
      })
    #expect(
      throwsCode(.illegalState) {
        try decide(.pickUp(rider: Sample.rider), Self.ready, by: rider)
      })
    #expect(
      throwsCode(.illegalState) {
        try decide(.complete(rider: Sample.rider), Self.started, by: rider)
      })
  }

  @Test("offers are counted, and whoever was asked in vain is remembered")
  func rounds() throws {
    var history = Self.passedOver
    history += try decide(
      .offer(rider: Sample.otherRider, until: Sample.later), history, by: .service("s"))
    var state = Delivery.evolve(Delivery.initial, history)
    #expect(state.rounds == 2 && state.passedOver == [Sample.rider])
    #expect(try decide(.offerExpired(round: 1), history, by: .service("s")).isEmpty)
    history += try decide(.offerExpired(round: 2), history, by: .service("s"))
    state = Delivery.evolve(Delivery.initial, history)
    #expect(state.phase == .waiting && state.passedOver == [Sample.rider, Sample.otherRider])
  }

  @Test("the memory of riders passed over is bounded")
  func passedOverIsBounded() {
    var state = Delivery.evolve(Delivery.initial, Self.waiting)
    for number in 0..<200 {
      state = Delivery.evolve(state, .offerDeclined(rider: RiderID(validated: "r-\(number)")))
    }
    #expect(state.passedOver.count == Delivery.passedOverMax)
    #expect(state.passedOver.last?.rawValue == "r-199")
  }

  @Test("a delivery that is over stays over, and one released in advance never opens")
  func final() throws {
    for history in Self.histories {
      let state = Delivery.evolve(Delivery.initial, history)
      guard [.delivered, .released].contains(state.phase) else { continue }
      for event in Self.histories.flatMap({ $0 }) {
        #expect(Delivery.evolve(state, event) == state)
      }
      #expect(try decide(.open(Sample.job), history, by: .service("s")).isEmpty)
    }
  }
}

@Suite("Rider")
struct RiderTests {
  private static let offline: [RiderEvent] = [.registered(Sample.profile)]

  @Test("a rider takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let renamed = RiderProfile(id: Sample.rider, name: "이기사", areas: [.here])
    let nameless = RiderProfile(id: Sample.rider, name: "", areas: [.here])
    let nowhere = RiderProfile(id: Sample.rider, name: "김기사", areas: [])
    let check = TableCheck<Rider>(
      situations: [[], Self.offline, Self.offline + [.wentOnline]].map(Situation.init),
      commands: [
        .register(Sample.profile), .register(renamed), .register(nameless),
        .changeProfile(Sample.profile), .changeProfile(renamed), .changeProfile(nowhere),
        .goOnline, .goOffline,
      ])
    check.expectExactly(
      """
      none register rider,operator -> offline
      offline goOnline rider,operator -> online
      online goOffline rider,operator -> offline
      """)
  }
}
