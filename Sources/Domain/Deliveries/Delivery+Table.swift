extension Delivery {
  public typealias Table = TransitionTable<DeliveryPhase, DeliveryCommandKind, DeliveryEventKind>

  public static let table = Table(serviceRows + riderRows)

  private static let existing = DeliveryPhase.allCases.filter { $0 != .none }
  private static let onTheWay: [DeliveryPhase] = [.started, .pickedUp]
  private static let over: [DeliveryPhase] = [.delivered, .released]
  private static let unassigned: [DeliveryPhase] = [.waiting, .offered, .escalated]

  private static let serviceRows: [Table.Row] = [
    .on(.open, in: [.none], by: [.service], .to(.waiting, .opened)),
    .on(.open, in: existing, by: [.service], .ignored, when: "also after a release"),
    .on(
      .offer, in: [.waiting, .escalated], by: [.service, .operator], .to(.offered, .offered)),
    .on(
      .offer, in: [.offered], by: [.service, .operator], .ignored,
      when: "to the same rider, else conflict"),
    .on(
      .offer, in: [.assigned] + onTheWay + over, by: [.service, .operator], .ignored),
    .on(
      .offerExpired, in: [.offered], by: [.service], .to(.waiting, .offerExpired), .ignored,
      when: "this round"),
    .on(
      .offerExpired, in: [.waiting, .escalated, .assigned] + onTheWay + over, by: [.service],
      .ignored),
    .on(
      .foodReady, in: unassigned + [.assigned], by: [.service], .stay(.foodReady), .ignored,
      when: "once"),
    .on(.foodReady, in: onTheWay + over, by: [.service], .ignored),
    .on(
      .release, in: [.none] + unassigned + [.assigned] + onTheWay, by: [.service],
      .to(.released, .released)),
    .on(.release, in: over, by: [.service], .ignored),
    .on(.escalate, in: [.waiting], by: [.service], .to(.escalated, .escalated)),
    .on(
      .escalate, in: [.offered, .escalated, .assigned] + onTheWay + over, by: [.service],
      .ignored),
  ]

  private static let riderRows: [Table.Row] = [
    .on(.claim, in: [.waiting, .escalated], by: [.rider], .to(.assigned, .assigned)),
    .on(
      .claim, in: [.offered], by: [.rider], .to(.assigned, .assigned),
      when: "the rider it is offered to, else conflict"),
    .on(
      .claim, in: [.assigned] + onTheWay + [.delivered], by: [.rider], .ignored,
      when: "the assigned rider, else conflict"),
    .on(
      .declineOffer, in: [.offered], by: [.rider], .to(.waiting, .offerDeclined), .ignored,
      when: "the rider it is offered to; a rider passed over before is ignored"),
    .on(
      .declineOffer, in: [.waiting, .escalated], by: [.rider], .ignored,
      when: "a rider passed over before"),
    .on(
      .start, in: [.assigned], by: [.rider], .to(.started, .started),
      when: "the assigned rider, and the food is ready"),
    .on(.start, in: [.started], by: [.rider], .ignored, when: "the assigned rider"),
    .on(
      .pickUp, in: [.started], by: [.rider], .to(.pickedUp, .pickedUp), when: "the assigned rider"),
    .on(.pickUp, in: [.pickedUp], by: [.rider], .ignored, when: "the assigned rider"),
    .on(
      .complete, in: [.pickedUp], by: [.rider], .to(.delivered, .completed),
      when: "the assigned rider"),
    .on(.complete, in: [.delivered], by: [.rider], .ignored, when: "the assigned rider"),
    .on(
      .unassign, in: [.assigned], by: [.rider, .operator, .service], .to(.waiting, .unassigned),
      when: "a rider only themselves"),
    .on(.unassign, in: unassigned + onTheWay + over, by: [.service], .ignored),
  ]
}
