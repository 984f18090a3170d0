import Messages

extension Render {
  static func store(_ answer: StoreResponse) -> String {
    guard let store = answer.store else { return "no store" }
    let details = store.details ?? StoreDetails()
    let now = store.paused ? "paused" : store.openNow ? "open" : "closed"
    var lines = [
      fact("store", details.storeID),
      fact("name", details.name),
      fact("now", now, store.openNow && !store.paused ? .green : .yellow),
      fact("areas", details.areas.joined(separator: ", ")),
      fact("minimum", Show.won(details.minimumOrderWon)),
      fact("menu", "version \(store.menuVersion)"),
    ]
    if store.paused { lines.append(fact("because", store.pausedReason)) }
    lines += details.openingHours.map { fact("hours", hours($0)) }
    return (lines + [menu(store.items)]).joined(separator: "\n")
  }

  static func menu(_ items: [MenuItem]) -> String {
    var table = Table("item", "name", "price", "", "description")
    for item in items {
      table.add(
        "\(item.itemID)", "\(item.name)", .won(item.priceWon),
        Table.Cell(item.soldOut ? "sold out" : "", .red), "\(item.description)")
    }
    return table.text(nothing: "no menu")
  }

  static func ticket(_ answer: TicketResponse) -> String {
    guard let ticket = answer.ticket else { return "no ticket" }
    var lines = [
      fact("order", ticket.orderID),
      fact("ticket", Show.name(ticket.state)),
      fact("store", ticket.storeID),
      fact("total", Show.won(ticket.totalWon)),
      fact("received", Show.moment(ms: ticket.receivedAtMs)),
    ]
    if ticket.etaMinutes > 0 { lines.append(fact("eta", "\(ticket.etaMinutes) min")) }
    if !ticket.reason.isEmpty { lines.append(fact("reason", ticket.reason)) }
    lines += ticket.offers.map { offer in
      let answer = offer.answer == .unspecified ? "not answered" : Show.name(offer.answer)
      return fact("offer \(offer.number)", "without \(items(offer.items)): \(answer)")
    }
    return (lines + [cart(ticket.lines)]).joined(separator: "\n")
  }

  private static func hours(_ interval: OpenInterval) -> String {
    let days = ["", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    let index = Int(clamping: interval.weekday)
    let day = days.indices.contains(index) ? days[index] : "day \(index)"
    return "\(day) \(clock(interval.opensMinute)) to \(clock(interval.closesMinute))"
  }

  private static func clock(_ minute: UInt32) -> String {
    let (hour, rest) = (minute / 60, minute % 60)
    return "\(hour < 10 ? "0" : "")\(hour):\(rest < 10 ? "0" : "")\(rest)"
  }
}
