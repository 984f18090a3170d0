extension Order {
  public static func events(
    for command: OrderCommand, state: OrderState, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [OrderEvent] {
    switch command {
    case .submit(let draft): return try submit(draft, state)
    case .paymentApproved, .paymentDeclined, .park, .markPaymentUnknown, .pay:
      return try payment(command, state)
    case .storeReceived, .storeAccepted, .storeRefused, .cookingStarted, .cookingFinished:
      return try store(command, state)
    case .storeOffered(let number, let items, let reason):
      return try offer(number, items, reason, state)
    case .answerOffer(let number, let accept):
      return try answer(OfferAnswer(number: number, accepted: accept), state)
    case .deliveryStarted, .pickedUp, .deliveryCompleted:
      return try delivery(command, state)
    case .cancel(let reason):
      try TextLimit.reason(reason)
      switch state.phase {
      case .cancelled: return []
      case .accepted where principal.role == .customer: return [.cancelRequested(reason: reason)]
      case .cancelRequested where principal.role == .customer: return []
      default: return [.cancelled(by: principal.role, reason: reason)]
      }
    case .agreeCancel:
      guard [.cancelRequested, .accepted].contains(state.phase) else { return [] }
      return [.cancelled(by: .customer, reason: state.cancelReason ?? "")]
    case .declineCancel:
      return state.phase == .cancelRequested ? [.cancelDeclined] : []
    case .deadlinePassed(let deadline, let policy):
      return deadlinePassed(deadline, state, at: now, policy)
    }
  }

  private static func submit(
    _ draft: OrderDraft, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    if let existing = state.draft {
      guard existing.id == draft.id, existing.fingerprint == draft.fingerprint else {
        throw Rejection(.conflict, "this idempotency key was used for another order")
      }
      return []
    }
    try TextLimit.check(
      "delivery address", draft.deliveryAddress, maxBytes: TextLimit.addressMaxBytes)
    guard try total(of: draft.lines) == draft.total else {
      throw Rejection(.invalid, "the lines do not add up to the total")
    }
    guard draft.total > .zero else { throw Rejection(.invalid, "there is nothing to pay") }
    guard draft.paymentMethod == nil else { return [.submitted(draft)] }
    guard draft.allowParking else {
      throw Rejection(.invalid, "an order that may not be parked needs a payment method")
    }
    return [
      .submitted(draft), .parked(reason: "no payment method yet", until: draft.expiresAt),
    ]
  }

  /// The sum of the lines, after checking their number and quantities.
  static func total(of lines: [OrderLine]) throws(Rejection) -> Won {
    guard !lines.isEmpty else { throw Rejection(.invalid, "the order has no lines") }
    guard lines.count <= linesMax else {
      throw Rejection(.invalid, "the order has more than \(linesMax) lines")
    }
    var total = Won.zero
    for line in lines {
      guard (1...quantityMax).contains(line.quantity) else {
        throw Rejection(.invalid, "\(line.item): quantity must be 1 to \(quantityMax)")
      }
      try TextLimit.check("item name", line.name, maxBytes: TextLimit.nameMaxBytes)
      do {
        total = try total.adding(line.unitPrice.multiplied(by: line.quantity))
      } catch {
        throw Rejection(.invalid, "the total is too large")
      }
    }
    return total
  }

  private static func payment(
    _ command: OrderCommand, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    let isUnpaid = state.phase.isBeforePayment
    switch command {
    case .paymentApproved(let key, let amount):
      guard let draft = state.draft, key == PaymentKey(draft.id) else {
        throw Rejection(.conflict, "payment \(key) is not this order's")
      }
      guard isUnpaid else { return [] }
      guard amount == draft.total else {
        let text = "\(amount) were captured for an order of \(draft.total)"
        return [.rejected(.paymentDeclined(text))]
      }
      return [.placed(paymentKey: key, amount: amount, store: draft.store, lines: draft.lines)]
    case .paymentDeclined(let reason):
      return isUnpaid ? [.rejected(.paymentDeclined(TextLimit.clipped(reason)))] : []
    case .park(let reason, let until):
      guard [.pendingPayment, .paymentUnknown].contains(state.phase) else { return [] }
      guard state.draft?.allowParking == true else { return [.expired(.paymentUnavailable)] }
      let end = min(until, state.parkedUntil ?? until)
      return [.parked(reason: TextLimit.clipped(reason), until: end)]
    case .markPaymentUnknown(let until):
      return state.phase == .pendingPayment ? [.paymentUnknown(until: until)] : []
    case .pay(let method):
      guard state.phase == .awaitingPayment else { return [] }
      guard method ?? state.paymentMethod != nil else {
        throw Rejection(.invalid, "the order needs a payment method")
      }
      return [.paymentRequested(attempt: state.attempt + 1, method: method)]
    default: return []
    }
  }

  private static func store(
    _ command: OrderCommand, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    switch (command, state.phase) {
    case (.storeReceived(let moment), .placed):
      return state.storeReceivedAt == nil ? [.receivedByStore(at: moment)] : []
    case (.storeAccepted(let minutes), .placed):
      try Ticket.checkEta(minutes)
      guard let draft = state.draft else { return [] }
      return [
        .accepted(
          etaMinutes: minutes, store: draft.store, area: draft.area,
          address: draft.deliveryAddress)
      ]
    case (.storeRefused(let reason), .placed):
      return [.rejected(.storeRefused(TextLimit.clipped(reason)))]
    case (.cookingStarted, .accepted): return [.cookingStarted]
    case (.cookingStarted, .cancelRequested): return [.cancelDeclined, .cookingStarted]
    case (.cookingFinished, .cooking): return [.cookingFinished]
    default: return []
    }
  }

  private static func delivery(
    _ command: OrderCommand, _ state: OrderState
  ) throws(Rejection) -> [OrderEvent] {
    if state.phase.isTerminal { return [] }
    switch command {
    case .deliveryStarted(let rider):
      if state.phase == .ready { return [.deliveryStarted(rider: rider)] }
      try check(rider, state)
      return []
    case .pickedUp(let rider):
      try check(rider, state)
      return state.phase == .deliveryStarted ? [.pickedUp(rider: rider)] : []
    case .deliveryCompleted(let rider):
      try check(rider, state)
      return [.delivered(rider: rider)]
    default: return []
    }
  }

  private static func check(_ rider: RiderID, _ state: OrderState) throws(Rejection) {
    guard state.rider == rider else {
      throw Rejection(.conflict, "rider \(rider) is not the one who brings this order")
    }
  }

  private static func deadlinePassed(
    _ deadline: OrderDeadline, _ state: OrderState, at now: Timestamp, _ policy: DeadlinePolicy
  ) -> [OrderEvent] {
    guard OrderDeadlines.kind(watching: state.phase) == deadline else { return [] }
    switch deadline {
    case .paymentPending:
      // Nobody can say, also when asked: it may be paid, so it is not given up yet.
      return [.paymentUnknown(until: now.advanced(by: policy.paymentUnknown))]
    case .paymentParked: return [.expired(.notPaid)]
    case .paymentUnknown: return [.expired(.paymentUnknown)]
    case .storeSilent: return [.rejected(.storeSilent)]
    case .cancelSilent: return [.cancelled(by: .customer, reason: state.cancelReason ?? "")]
    case .stalled: return [.cancelled(by: .service, reason: "nothing happened for too long")]
    }
  }
}
