extension OrderRecord {
  /// Takes one event in. Events of one service come in the order of their versions, those of
  /// different services in any: every interleaving ends in the same record, since each field is
  /// either fed by one service alone or a maximum over all.
  ///
  /// - Returns: false when nothing changed: the event had been taken before, or its stream is
  ///   stalled.
  @discardableResult
  package mutating func apply(_ change: OrderChange) -> Bool {
    let service = change.service
    let taken = row.versions[service]
    guard change.version > taken, !stalls.contains(where: { $0.service == service }) else {
      return false
    }
    guard change.version == taken &+ 1 else {
      stall(change, "version \(change.version) follows \(taken)")
      return true
    }
    switch change.meaning {
    case .unreadable(let reason):
      stall(change, "\(change.event): \(reason)")
    case .effect(let effect):
      row.versions[service] = change.version
      row.updatedAt = max(row.updatedAt, change.at)
      apply(effect, of: change)
      addStep(change, detail: effect.detail)
    }
    return true
  }

  private mutating func apply(_ effect: OrderEffect, of change: OrderChange) {
    switch change.service {
    case .order:
      if let basics = effect.basics, change.version == 1 {
        row.customerID = basics.customerID
        row.storeID = basics.storeID
        row.totalWon = basics.totalWon
        row.lines = basics.lines
      }
      if change.version == 1 { row.placedAt = change.at }
      if let stage = effect.stage { row.stage = stage }
      if effect.isPaid { row.isPaid = true }
      if let rider = effect.orderRiderID { row.orderRiderID = rider }
    case .payment: row.payment = change.event
    case .store: row.ticket = change.event
    case .delivery:
      row.delivery = change.event
      if let rider = effect.deliveryRiderID { row.deliveryRiderID = rider }
    }
  }

  private mutating func addStep(_ change: OrderChange, detail: String) {
    guard change.version <= Int64(Self.stepsPerServiceMax) else { return }
    let before = steps.last { $0.service == change.service }?.at ?? change.at
    insert(
      OrderStepRow(
        at: max(before, change.at), service: change.service, version: change.version,
        event: change.event, detail: detail.cut(toBytes: Self.detailBytesMax)))
  }

  private mutating func stall(_ change: OrderChange, _ reason: String) {
    insert(
      OrderStall(
        service: change.service, version: change.version,
        reason: reason.cut(toBytes: Self.detailBytesMax)))
  }
}

extension String {
  /// The longest beginning of at most so many UTF-8 bytes that ends between two characters.
  func cut(toBytes bytesMax: Int) -> String {
    guard utf8.count > bytesMax else { return self }
    var end = startIndex
    var bytes = 0
    for at in indices {
      bytes += self[at].utf8.count
      if bytes > bytesMax { break }
      end = index(after: at)
    }
    return String(self[..<end])
  }
}
