import Testing

@testable import Domain

@Suite("Prices and opening hours")
struct PricingTests {
  private static let menu = menu()

  private static func menu(
    hours: OpeningHours = .always, minimum: Won = won(10_000), extra: [StoreProfileEvent] = []
  ) -> MenuCopy {
    var menu = MenuCopy()
    let noodles = MenuItem(id: Sample.noodles, name: "냉면", price: won(8000), description: "")
    let events: [StoreProfileEvent] = [
      .registered(Sample.details(minimum: minimum, hours: hours)), .menuItemPut(Sample.item),
      .menuItemPut(noodles),
    ]
    for event in events + extra { menu.fold(event) }
    return menu
  }

  private func price(
    _ cart: [CartLine], menu: MenuCopy = menu, area: Area = .here
  ) throws(Rejection) -> PricedCart {
    try menu.price(cart, area: area, at: Sample.now)
  }

  private func line(_ item: MenuItemID, _ quantity: Int, seen: Int64? = nil) -> CartLine {
    CartLine(item: item, quantity: quantity, seenUnitPrice: seen.map(won))
  }

  @Test("a cart is priced by the store's menu, and lines of one item are added up")
  func priced() throws {
    let cart = try price([
      line(Sample.bulgogi, 1, seen: 9000), line(Sample.noodles, 1), line(Sample.bulgogi, 1),
    ])
    #expect(cart.total == Sample.total && cart.lines == Sample.lines && cart.menuVersion == 3)
  }

  @Test("a price that the customer did not see is refused with the new one")
  func priceChanged() {
    #expect {
      try price([line(Sample.bulgogi, 2, seen: 8500), line(Sample.noodles, 1, seen: 8000)])
    } throws: { error in
      let rejection = error as? Rejection
      let change = PriceChange(item: Sample.bulgogi, seen: won(8500), current: won(9000))
      return rejection?.code == .priceChanged && rejection?.priceChanges == [change]
    }
  }

  @Test("a cart is refused for what is wrong with it, and the refusal says what")
  func refusals() throws {
    let fine = [line(Sample.bulgogi, 2)]
    let soldOut = Self.menu(extra: [.menuItemSoldOut(Sample.bulgogi)])
    let paused = Self.menu(extra: [.paused(reason: "rest")])
    let closed = Self.menu(hours: try OpeningHours([]))
    let cases: [(Rejection.Code, [CartLine], MenuCopy, Area)] = [
      (.invalid, [], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, 0)], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, -1)], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, .min)], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, .max), line(Sample.bulgogi, .max)], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, 100)], Self.menu, .here),
      (.invalid, [line(Sample.bulgogi, 60), line(Sample.bulgogi, 60)], Self.menu, .here),
      (.invalid, Array(repeating: line(Sample.bulgogi, 1), count: 51), Self.menu, .here),
      (.notFound, [line(MenuItemID(validated: "pizza"), 1)], Self.menu, .here),
      (.soldOut, fine, soldOut, .here), (.storePaused, fine, paused, .here),
      (.storeClosed, fine, closed, .here), (.areaNotServed, fine, Self.menu, .elsewhere),
      (.notFound, fine, MenuCopy(), .here),
      (.belowMinimum, [line(Sample.bulgogi, 1)], Self.menu, .here),
    ]
    for (code, cart, menu, area) in cases {
      #expect(throwsCode(code) { try price(cart, menu: menu, area: area) }, "\(code)")
    }
    #expect(try price([line(Sample.bulgogi, 99)]).total == won(891_000))
  }

  @Test("a total that does not fit is refused, never wrapped")
  func overflow() {
    let gold = MenuItem(id: Sample.bulgogi, name: "금", price: .max, description: "")
    let menu = Self.menu(extra: [.menuItemPut(gold)])
    #expect(throwsCode(.invalid) { try price([line(Sample.bulgogi, 2)], menu: menu) })
    #expect(
      throwsCode(.invalid) {
        try price([line(Sample.bulgogi, 1), line(Sample.noodles, 1)], menu: menu)
      })
  }

  /// 2026-11-20 is a Friday; midnight in Korea is 15:00 UTC of the day before.
  private static let fridayMidnight: Int64 = 1_795_100_400_000

  private func moment(_ minute: Int64) -> Timestamp {
    Timestamp(ms: Self.fridayMidnight + minute * 60_000)
  }

  @Test("hours that run past midnight are open on the next day, and closed on the minute")
  func pastMidnight() throws {
    let hours = try OpeningHours([
      OpenInterval(day: .friday, opensMinute: 18 * 60, closesMinute: 26 * 60)
    ])
    let day: Int64 = 1440
    let cases: [(Int64, Bool)] = [
      (0, false), (18 * 60 - 1, false), (18 * 60, true), (day - 1, true), (day, true),
      (day + 119, true), (day + 120, false), (day + 18 * 60, false), (7 * day + 60, false),
      (8 * day + 60, true), (-6 * day + 60, true),
    ]
    for (minute, isOpen) in cases {
      #expect(hours.isOpen(at: moment(minute)) == isOpen, "minute \(minute)")
    }
  }

  @Test("hours from Sunday into Monday go round the week")
  func roundTheWeek() throws {
    let hours = try OpeningHours([
      OpenInterval(day: .sunday, opensMinute: 1380, closesMinute: 1500)
    ])
    #expect(hours.isOpen(at: moment(3 * 1440 + 59)))
    #expect(!hours.isOpen(at: moment(3 * 1440 + 60)))
    #expect(!hours.isOpen(at: moment(4 * 1440 + 30)))
  }

  @Test("the weekday is Korea's, also before 1970 and at the ends of time")
  func weekday() {
    #expect(OpeningHours.localMinute(at: moment(0)) == (.friday, 0))
    #expect(OpeningHours.localMinute(at: moment(-1)) == (.thursday, 1439))
    #expect(OpeningHours.localMinute(at: Timestamp(ms: 0)) == (.thursday, 540))
    #expect(OpeningHours.localMinute(at: Timestamp(ms: -10 * 3_600_000)) == (.wednesday, 1380))
    for extreme in [Timestamp(ms: .min), .distantFuture] {
      let (_, minute) = OpeningHours.localMinute(at: extreme)
      #expect((0..<1440).contains(minute))
      #expect(OpeningHours.always.isOpen(at: extreme))
    }
  }

  @Test("intervals that end before they begin, or last longer than a day, do not exist")
  func badIntervals() {
    let bad = [(-1, 60), (1440, 1500), (60, 60), (60, 30), (60, 1501), (0, Int.max)]
    for (opens, closes) in bad {
      #expect(
        throwsCode(.invalid) {
          try OpenInterval(day: .monday, opensMinute: opens, closesMinute: closes)
        })
    }
    #expect(
      throwsCode(.invalid) {
        try OpeningHours(
          Array(
            repeating: OpenInterval(day: .monday, opensMinute: 0, closesMinute: 1), count: 29))
      })
  }
}
