import Domain
import Journal

/// What dispatch has before its eyes: deliveries that are not over and riders who are online, with
/// the few look-ups that matching them needs. A value that is filled from the journal's events;
/// what it says may be a moment old, the deliveries themselves decide.
struct DispatchBoard {
  /// Deliveries it holds at most. Further ones are not lost: their own deadline brings them back.
  let deliveriesMax: Int
  /// Riders online it holds at most.
  let ridersMax: Int

  private(set) var deliveries: [OrderID: Entry<Domain.DeliveryState>] = [:]
  private(set) var riders: [RiderID: Entry<RiderState>] = [:]
  /// Deliveries and riders that were left out because the board was full.
  private(set) var droppedCount = 0

  /// Waiting or escalated, by area, the longest waiting first.
  private var waiting: [Area: [OrderID]] = [:]
  /// Online and without work, by area, the longest idle first.
  private var idle: [Area: [RiderID]] = [:]
  /// What a rider is asked for, carries, or is about to be asked for.
  private var work: [RiderID: [OrderID]] = [:]
  /// Deliveries that somebody is just being asked for.
  private var asked: Set<OrderID> = []

  struct Entry<State: Sendable>: Sendable {
    var state: State
    var version: StreamVersion
  }

  init(deliveriesMax: Int, ridersMax: Int) {
    self.deliveriesMax = deliveriesMax
    self.ridersMax = ridersMax
  }

  /// Takes in a delivery as it stands; an older state than the known one changes nothing.
  mutating func put(_ state: Domain.DeliveryState, version: StreamVersion, for id: OrderID) {
    if let known = deliveries[id] {
      guard known.version < version else { return }
      unlink(id, known.state)
    }
    guard state.isActive else {
      deliveries[id] = nil
      return
    }
    guard deliveries[id] != nil || deliveries.count < deliveriesMax else {
      droppedCount += 1
      return
    }
    deliveries[id] = Entry(state: state, version: version)
    link(id, state)
  }

  /// Takes in a rider as they stand; only those online stay on the board.
  mutating func put(_ state: RiderState, version: StreamVersion, for id: RiderID) {
    if let known = riders[id], known.version >= version { return }
    makeBusy(id)
    guard state.phase == .online else {
      riders[id] = nil
      return
    }
    guard riders[id] != nil || riders.count < ridersMax else {
      droppedCount += 1
      return
    }
    riders[id] = Entry(state: state, version: version)
    makeIdleIfFree(id)
  }

  /// The rider to ask next: online in the area, without work, not passed over, longest idle.
  func nextRider(for state: Domain.DeliveryState) -> RiderID? {
    guard let area = state.job?.area else { return nil }
    return idle[area]?.first { !state.passedOver.contains($0) }
  }

  /// Whether somebody is just being asked for it: nobody else needs to be.
  func isAsked(_ id: OrderID) -> Bool { asked.contains(id) }

  /// What has waited longest of that which this rider could be asked for, and nobody is.
  func nextDelivery(
    for rider: RiderID, where isFitting: (Domain.DeliveryState) -> Bool
  ) -> OrderID? {
    guard work[rider] == nil else { return nil }
    for area in areas(of: rider) {
      let next = waiting[area]?.first { id in
        guard !asked.contains(id) else { return false }
        return deliveries[id].map { isFitting($0.state) && !$0.state.passedOver.contains(rider) }
          ?? false
      }
      if let next { return next }
    }
    return nil
  }

  /// Keeps a rider from being asked twice, and a delivery from being asked for twice, while the
  /// first question is being written down.
  mutating func reserve(_ rider: RiderID, for id: OrderID) {
    asked.insert(id)
    add(id, to: rider)
  }

  /// Ends a reservation; what the delivery itself says about the rider stays.
  mutating func endReservation(of rider: RiderID, for id: OrderID) {
    asked.remove(id)
    guard deliveries[id]?.state.rider != rider else { return }
    drop(id, from: rider)
  }

  /// What this rider is asked for or carries, then what waits in their areas; at most `limit`.
  func visible(to rider: RiderID, areas: [Area], limit: Int) -> [Domain.DeliveryState] {
    var seen: [Domain.DeliveryState] = []
    for id in work[rider] ?? [] {
      guard seen.count < limit else { return seen }
      guard let state = deliveries[id]?.state, state.rider == rider else { continue }
      seen.append(state)
    }
    for area in areas {
      for id in (waiting[area] ?? []).prefix(limit - seen.count) {
        if let state = deliveries[id]?.state { seen.append(state) }
      }
      guard seen.count < limit else { return seen }
    }
    return seen
  }
}

extension DispatchBoard {
  private mutating func link(_ id: OrderID, _ state: Domain.DeliveryState) {
    if state.isUnasked, let area = state.job?.area { waiting[area, default: []].append(id) }
    if let rider = state.rider { add(id, to: rider) }
  }

  private mutating func unlink(_ id: OrderID, _ state: Domain.DeliveryState) {
    if state.isUnasked, let area = state.job?.area { waiting.remove(id, at: area) }
    if let rider = state.rider { drop(id, from: rider) }
  }

  private mutating func add(_ id: OrderID, to rider: RiderID) {
    guard !(work[rider]?.contains(id) ?? false) else { return }
    work[rider, default: []].append(id)
    makeBusy(rider)
  }

  private mutating func drop(_ id: OrderID, from rider: RiderID) {
    guard work[rider] != nil else { return }
    work.remove(id, at: rider)
    makeIdleIfFree(rider)
  }

  /// Empty for a rider who is not on the board.
  private func areas(of rider: RiderID) -> [Area] { riders[rider]?.state.profile?.areas ?? [] }

  private mutating func makeBusy(_ rider: RiderID) {
    for area in areas(of: rider) { idle.remove(rider, at: area) }
  }

  private mutating func makeIdleIfFree(_ rider: RiderID) {
    guard work[rider] == nil else { return }
    for area in areas(of: rider) {
      guard !(idle[area]?.contains(rider) ?? false) else { continue }
      idle[area, default: []].append(rider)
    }
  }
}

extension Dictionary {
  /// Removes one element of the list at `key`, and the list once it is empty.
  fileprivate mutating func remove<Element: Equatable>(
    _ element: Element, at key: Key
  ) where Value == [Element] {
    guard let index = self[key]?.firstIndex(of: element) else { return }
    self[key]?.remove(at: index)
    if self[key]?.isEmpty ?? false { self[key] = nil }
  }
}

extension Domain.DeliveryState {
  /// Opened and not over.
  var isActive: Bool { phase != .none && phase != .delivered && phase != .released }
  /// Nobody is asked or assigned: it can be offered.
  var isUnasked: Bool { phase == .waiting || phase == .escalated }
}
