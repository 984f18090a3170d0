extension Payment {
  public typealias Table = TransitionTable<PaymentPhase, PaymentCommandKind, PaymentEventKind>

  public static let table = Table(attemptRows + outcomeRows + voidRows + refundRows)

  private static let outstanding: [PaymentPhase] = [.attempting, .unknown]
  private static let captured: [PaymentPhase] = [.approved, .refunding, .refunded, .settled]

  private static let attemptRows: [Table.Row] = [
    .on(
      .charge, in: [.none], by: [.service], .to(.attempting, .requested, .attempted),
      when: "more than nothing"),
    .on(
      .charge, in: [.notCharged], by: [.service], .to(.attempting, .attempted),
      when: "the same body, else conflict; another method is no other body"),
    .on(
      .charge, in: outstanding + captured + [.declined], by: [.service], .ignored,
      when: "the same body, else conflict"),
  ]

  private static let outcomeRows: [Table.Row] = [
    .on(
      .recordApproved, in: outstanding + [.notCharged], by: [.service],
      .to(.approved, .approved), .to(.refunding, .approved, .refundRequested),
      when: "an attempt that was made; another amount than requested is refunded whole"),
    .on(
      .recordApproved, in: [.voidedOutstanding, .voided, .declined], by: [.service],
      .to(.refunding, .approved, .refundRequested),
      when: "the order is over: refunded without being asked"),
    .on(
      .recordApproved, in: captured, by: [.service], .ignored,
      when: "the same capture, else conflict"),
    .on(
      .recordDeclined, in: outstanding, by: [.service], .to(.declined, .declined), .ignored,
      when: "the last attempt"),
    .on(
      .recordDeclined, in: [.voidedOutstanding], by: [.service], .to(.voided, .declined),
      .ignored, when: "the last attempt"),
    .on(
      .recordDeclined, in: captured + [.declined, .notCharged, .voided], by: [.service], .ignored),
    .on(
      .recordNotCharged, in: outstanding, by: [.service], .to(.notCharged, .notCharged),
      .ignored, when: "the last attempt"),
    .on(
      .recordNotCharged, in: [.voidedOutstanding], by: [.service], .to(.voided, .notCharged),
      .ignored, when: "the last attempt"),
    .on(
      .recordNotCharged, in: captured + [.declined, .notCharged, .voided], by: [.service],
      .ignored),
    .on(
      .recordUnknown, in: [.attempting], by: [.service], .to(.unknown, .unknown), .ignored,
      when: "the last attempt"),
    .on(
      .recordUnknown,
      in: captured + [.unknown, .voidedOutstanding, .voided, .declined, .notCharged],
      by: [.service], .ignored),
  ]

  private static let voidRows: [Table.Row] = [
    .on(.void, in: [.none, .notCharged], by: [.service], .to(.voided, .voided)),
    .on(.void, in: outstanding, by: [.service], .to(.voidedOutstanding, .voided)),
    .on(
      .void, in: [.approved], by: [.service], .to(.refunding, .refundRequested),
      when: "all that remains"),
    .on(
      .void, in: [.refunding], by: [.service], .stay(.refundRequested), .ignored,
      when: "what nobody asked back yet; ignored when there is nothing"),
    .on(
      .void, in: [.declined, .voided, .voidedOutstanding, .refunded], by: [.service], .ignored),
  ]

  private static let refundRows: [Table.Row] = [
    .on(
      .requestRefund, in: [.approved, .settled], by: [.service, .operator],
      .to(.refunding, .refundRequested), .ignored,
      when: "never more than was captured, an accepted offer at most what is left; the same key "
        + "once, with another amount or bearer conflict"),
    .on(
      .requestRefund, in: [.refunding], by: [.service, .operator], .stay(.refundRequested),
      .ignored,
      when: "never more than was captured; the same key once, with another amount or bearer "
        + "conflict"),
    .on(
      .requestRefund, in: [.refunded], by: [.service, .operator], .ignored,
      when: "the same key, else there is nothing left"),
    .on(
      .recordRefunded, in: [.refunding], by: [.service], .stay(.refunded),
      .to(.approved, .refunded), .to(.settled, .refunded), .to(.refunded, .refunded), .ignored,
      when: "a refund that was requested; the last one leaves the state"),
    .on(
      .recordRefunded, in: [.approved, .settled, .refunded], by: [.service], .ignored,
      when: "a refund that was done"),
    .on(
      .recordRefundFailed, in: [.refunding], by: [.service], .stay(.refundFailed), .ignored,
      when: "a refund that was requested; stays to be done"),
    .on(
      .recordRefundFailed, in: [.approved, .settled, .refunded], by: [.service], .ignored,
      when: "a refund that was done"),
    .on(.settle, in: [.approved], by: [.service], .to(.settled, .settled)),
    .on(
      .settle, in: [.refunding], by: [.service], .stay(.settled), .ignored,
      when: "once; the refunds asked for go on"),
    .on(.settle, in: [.settled, .refunded], by: [.service], .ignored),
  ]
}
