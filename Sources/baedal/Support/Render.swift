import Messages

/// How answers look to people.
enum Render {
  static func order(_ order: Order?, retryAfterMs: UInt64 = 0) -> String {
    guard let order else { return "no order" }
    var lines = [
      fact("order", order.orderID),
      fact("state", Show.name(order.state), Show.style(order.state)),
      fact("store", order.storeID),
      fact("customer", order.customerID),
      fact("total", Show.won(order.totalWon) + (order.paid ? ", paid" : ", not paid")),
    ]
    if !order.deliveryAddress.isEmpty {
      lines.append(fact("to", "\(order.deliveryAddress) (\(order.area))"))
    }
    if order.etaMinutes > 0 { lines.append(fact("eta", "\(order.etaMinutes) min")) }
    if !order.riderID.isEmpty { lines.append(fact("rider", order.riderID)) }
    if !order.reason.isEmpty { lines.append(fact("reason", order.reason)) }
    if order.refundedWon > 0 { lines.append(fact("refunded", Show.won(order.refundedWon))) }
    if let offer = order.offer {
      lines.append(
        fact(
          "offer",
          "\(Show.won(offer.refundWon)) back for \(items(offer.items)), \(offer.reason): "
            + "baedal order answer-offer \(order.orderID) \(offer.number) --accept", .yellow))
    }
    lines.append(fact("version", "\(order.version)"))
    if retryAfterMs > 0 {
      lines.append(
        fact("pay", "in \(Show.duration(ms: retryAfterMs)): baedal order pay \(order.orderID)"))
    }
    return (lines + [cart(order.lines)]).joined(separator: "\n")
  }

  /// Ends with the status of a refusal when the order came out rejected, or was never paid.
  static func failIfOver(_ order: Order?) throws {
    guard let order, [.rejected, .expired].contains(order.state) else { return }
    throw ExitStatus.refused.code
  }

  /// `fried ×2, cola ×1`
  static func items(_ items: [OfferedItem]) -> String {
    items.map { "\($0.itemID) ×\($0.quantity)" }.joined(separator: ", ")
  }

  static func cart(_ lines: [OrderLine]) -> String {
    var table = Table("item", "name", "each", "quantity")
    for line in lines {
      table.add(
        "\(line.itemID)", "\(line.name)", .won(line.unitPriceWon), .number(line.quantity))
    }
    return table.text(nothing: "no lines")
  }

  static func page(_ page: ListOrdersResponse, isLast: Bool = false) -> String {
    var table = Table("order", "state", "total", "placed", "store", "customer", "what")
    for order in page.orders {
      table.add(
        "\(order.orderID)", Show.cell(order.state), .won(order.totalWon),
        "\(Show.moment(ms: order.placedAtMs))", "\(order.storeID)", "\(order.customerID)",
        "\(Show.lines(order.lines))")
    }
    let isMore = !page.nextCursor.isEmpty && !isLast
    let more = isMore ? "\nmore with --cursor " + Terminal.plain(page.nextCursor) : ""
    return table.text(nothing: "no orders") + more
  }

  /// One line of a live stream.
  static func update(_ update: OrderUpdate) -> String {
    let state = update.order.map(\.state) ?? .unspecified
    let at = update.step?.atMs ?? update.order?.updatedAtMs ?? 0
    let what = update.step.map { "\($0.service): \($0.event) \($0.detail)" } ?? "as it is now"
    return [
      Terminal.styled(Show.time(ms: at), .dim),
      Terminal.styled(Terminal.padded(Show.name(state), to: 16), Show.style(state)),
      Terminal.plain(what),
    ].joined(separator: "  ")
  }

  static func timeline(_ answer: GetOrderTimelineResponse) -> String {
    var parts: [String] = []
    if let order = answer.order {
      parts += [
        fact("order", order.orderID),
        fact("state", Show.name(order.state), Show.style(order.state)),
        fact("total", Show.won(order.totalWon)),
        fact("payment", order.payment), fact("ticket", order.ticket),
        fact("delivery", order.delivery),
        fact("version", "\(order.version)"),
      ]
    }
    var table = Table("at", "service", "event", "detail")
    for step in answer.steps {
      table.add(
        "\(Show.time(ms: step.atMs))", "\(step.service)", "\(step.event)", "\(step.detail)")
    }
    return (parts + [table.text(nothing: "no steps")]).joined(separator: "\n")
  }

  /// A named value on a line of its own.
  static func fact(_ name: String, _ value: String, _ style: Terminal.Style? = nil) -> String {
    Terminal.styled(Terminal.padded(name, to: 10), .dim)
      + Terminal.styled(Terminal.plain(value), style)
  }
}
