import Testing

@testable import Domain

@Suite("Store profile")
struct StoreProfileTests {
  private static let registered: [StoreProfileEvent] = [.registered(Sample.details())]
  private static let withItem = registered + [.menuItemPut(Sample.item)]
  private static let histories: [[StoreProfileEvent]] = [
    [], registered, withItem, withItem + [.menuItemSoldOut(Sample.bulgogi)],
    withItem + [.paused(reason: "rest")],
    withItem + [.menuItemSoldOut(Sample.bulgogi), .paused(reason: "rest")],
  ]
  private static let commands: [StoreProfileCommand] = [
    .register(Sample.details()), .register(Sample.details(name: "분식집")),
    .register(Sample.details(name: "")), .changeProfile(Sample.details()),
    .changeProfile(Sample.details(name: "분식집")), .changeProfile(Sample.details(areas: [])),
    .putMenuItem(Sample.item),
    .putMenuItem(
      MenuItem(id: Sample.noodles, name: "냉면", price: won(8000), description: "시원한")),
    .putMenuItem(MenuItem(id: Sample.noodles, name: "냉면", price: .zero, description: "")),
    .removeMenuItem(Sample.bulgogi), .markSoldOut(Sample.bulgogi), .markSoldOut(Sample.noodles),
    .restock(Sample.bulgogi), .pause(reason: "rest"), .resume,
  ]

  @Test("a store takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let check = TableCheck<StoreProfile>(
      situations: Self.histories.map(Situation.init), commands: Self.commands)
    check.expectExactly(
      """
      none register store,operator -> active
      active pause store,operator -> paused
      paused resume store,operator -> active
      """)
  }

  @Test("a copy folded from the same events is the store's own menu")
  func copy() {
    let events = Self.withItem + [.menuItemSoldOut(Sample.bulgogi), .paused(reason: "rest")]
    var copy = MenuCopy()
    for event in events { copy.fold(event) }
    #expect(copy == StoreProfile.evolve(StoreProfile.initial, events).menu)
    #expect(copy.version == 4 && copy.sortedItems.count == 1)
  }

  @Test("the menu's version grows with every change")
  func version() throws {
    var state = StoreProfile.initial
    for command in Self.commands {
      guard
        let events = try? StoreProfile.decide(
          command, state: state, by: .store(Sample.store), at: Sample.now)
      else { continue }
      let next = StoreProfile.evolve(state, events)
      #expect(next.menu.version == state.menu.version + Int64(events.count))
      state = next
    }
    #expect(state.menu.version > 4)
  }

  @Test("a menu is bounded")
  func menuIsBounded() throws {
    var state = StoreProfile.evolve(StoreProfile.initial, Self.registered)
    func put(_ number: Int) throws(Rejection) -> [StoreProfileEvent] {
      let id = MenuItemID(validated: "i-\(number)")
      return try StoreProfile.decide(
        .putMenuItem(MenuItem(id: id, name: "밥", price: won(1), description: "")), state: state,
        by: .store(Sample.store), at: Sample.now)
    }
    for number in 0..<StoreProfile.itemsMax {
      state = StoreProfile.evolve(state, try put(number))
    }
    #expect(throwsCode(.invalid) { try put(StoreProfile.itemsMax) })
  }
}

@Suite("Ticket")
struct TicketTests {
  static let received: [TicketEvent] = [.received(Sample.ticketOrder)]
  static let acceptRequested = received + [.accepted(etaMinutes: 20)]
  static let confirmed = acceptRequested + [.confirmed]
  static let cooking = confirmed + [.cookingStarted]
  static let ready = cooking + [.cookingFinished]
  static let cancelAsked = confirmed + [.cancelAsked(reason: "x")]
  static let offered =
    confirmed + [.refundOffered(number: 1, items: Sample.offer.items, reason: "sold out")]
  static let answered = TicketEvent.offerAnswered(OfferAnswer(number: 1, accepted: true))
  static let histories: [[TicketEvent]] = [
    [], received, acceptRequested, confirmed, cooking, ready, cancelAsked,
    received + [.refused(reason: "no rice")], received + [.withdrawn(reason: "cancelled")],
    ready + [.closed], offered, offered + [answered], offered + [.cookingStarted],
    offered + [.cookingStarted, .cookingFinished], offered + [.cancelAsked(reason: "x")],
  ]
  static let commands: [TicketCommand] = [
    .receive(Sample.ticketOrder), .accept(etaMinutes: 20), .accept(etaMinutes: 0),
    .refuse(reason: "no rice"), .confirm, .withdraw(reason: "cancelled"), .startCooking,
    .finishCooking, .askCancel(reason: "x"), .agreeCancel, .declineCancel, .close,
    .offerRefund(items: Sample.offer.items, reason: "sold out", number: nil),
    .offerRefund(items: Sample.offer.items, reason: "fell down", number: nil),
    .offerRefund(items: Sample.offer.items, reason: "sold out", number: 1),
    .offerRefund(items: Sample.offer.items, reason: "fell down", number: 1),
    .offerRefund(items: Sample.offer.items, reason: "sold out", number: 2),
    .offerRefund(items: Sample.offer.items, reason: "sold out", number: 3),
    .recordAnswer(OfferAnswer(number: 1, accepted: true)),
    .recordAnswer(OfferAnswer(number: 2, accepted: false)),
  ]

  @Test("a ticket takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let check = TableCheck<Ticket>(
      situations: Self.histories.map(Situation.init), commands: Self.commands)
    check.expectExactly(
      """
      none receive service -> received
      received accept store -> acceptRequested
      received refuse store -> refused
      acceptRequested,cancelAsked confirm service -> confirmed
      none,received,acceptRequested,confirmed withdraw service -> withdrawn
      cooking,ready,cancelAsked withdraw service -> withdrawn
      confirmed,cancelAsked startCooking store -> cooking
      cooking finishCooking store -> ready
      confirmed askCancel service -> cancelAsked
      cancelAsked agreeCancel store,operator -> withdrawn
      cancelAsked declineCancel store,operator -> confirmed
      ready close service -> closed
      """)
  }

  @Test("an order that comes after its own withdrawal never shows up at the store")
  func tombstone() throws {
    let withdrawn = Ticket.evolve(Ticket.initial, .withdrawn(reason: "cancelled"))
    let events = try Ticket.decide(
      .receive(Sample.ticketOrder), state: withdrawn, by: .service("s"), at: Sample.now)
    #expect(events.isEmpty)
    #expect(Ticket.evolve(withdrawn, .received(Sample.ticketOrder)) == withdrawn)
    #expect(!withdrawn.isVisible(to: .store(Sample.store)))
  }

  @Test("nothing is cooked before the order has confirmed the store's acceptance")
  func noEarlyCooking() {
    for history in [Self.received, Self.acceptRequested] {
      let state = Ticket.evolve(Ticket.initial, history)
      #expect(
        throwsCode(.illegalState) {
          try Ticket.decide(.startCooking, state: state, by: .store(Sample.store), at: Sample.now)
        })
    }
  }

  @Test("a ticket that is over stays over")
  func final() {
    let over: [TicketPhase] = [.refused, .withdrawn, .closed]
    for history in Self.histories {
      let state = Ticket.evolve(Ticket.initial, history)
      guard over.contains(state.phase) else { continue }
      for event in Self.histories.flatMap({ $0 }) { #expect(Ticket.evolve(state, event) == state) }
    }
  }
}
