import Domain
import Journal
import Messages
import Views

extension OrderSummary {
  /// A row as `viewer` may see it.
  init(_ row: OrderRow, for viewer: Domain.Principal) {
    self.init(
      orderID: row.orderID, customerID: row.customerID, storeID: row.storeID,
      state: OrderState(rawValue: row.stage.code), totalWon: row.totalWon, riderID: row.riderID,
      placedAtMs: row.placedAt.milliseconds, updatedAtMs: row.updatedAt.milliseconds,
      payment: viewer.seesPayments ? row.payment : "", ticket: row.ticket,
      delivery: row.delivery, version: row.versions.order,
      lines: DashboardLines.decode(row.lines))
  }
}

extension OrderStep {
  /// A step as `viewer` may read it.
  init(_ step: OrderStepRow, for viewer: Domain.Principal) {
    self.init(
      atMs: step.at.milliseconds, service: step.service.name, event: step.event,
      detail: viewer.role == .operator ? step.detail : step.plainDetail)
  }
}

extension OrderStepRow {
  /// Whether it tells how a payment went: every step of the payment, and those of the order that
  /// come of it.
  fileprivate var tellsOfPayment: Bool {
    switch OrderEventKind(rawValue: event) {
    case .paymentRequested, .parked, .paymentUnknown: true
    default: service == .payment
    }
  }

  /// The detail for those who are not our people. Why there was no payment is told in the words
  /// of the provider or of a node, which may be about credentials or addresses: they read what it
  /// means for them. Why a card was declined is its owner's to know.
  fileprivate var plainDetail: String {
    switch event {
    case "OrderParked": "not paid yet"
    case "PaymentNotCharged": "nothing was charged"
    case "PaymentUnknown": "whether it was paid is being found out"
    case "PaymentRefundFailed": "the refund is tried again"
    default: detail
    }
  }
}

extension Domain.Principal {
  /// How a payment went is between the customer and us.
  var seesPayments: Bool { role == .customer || role == .operator }

  /// Whether this order is theirs to see: the customer who placed it, the store it went to once it
  /// is paid, the rider it is with, an operator.
  func maySee(_ row: OrderRow) -> Bool {
    guard row.isListed, !id.isEmpty || role == .operator else { return false }
    return switch role {
    case .customer: row.customerID == id
    case .store: row.storeID == id && row.isPaid
    case .rider: row.riderID == id
    case .operator: true
    case .service: false
    }
  }
}

extension OrderRecord {
  /// The steps that `viewer` may see, of those behind `versions`.
  func steps(for viewer: Domain.Principal, after versions: OrderVersions) -> [OrderStep] {
    steps.filter { step in
      step.version > versions[step.service]
        && (viewer.seesPayments || !step.tellsOfPayment)
    }.map { OrderStep($0, for: viewer) }
  }
}

/// Where the next page begins, as clients carry it: opaque to them, and good for one list only.
struct DashboardCursor: Equatable {
  enum List: String {
    case customer = "c"
    case store = "s"
  }

  let list: List
  let place: OrderPlace

  init(_ list: List, _ place: OrderPlace) {
    self.list = list
    self.place = place
  }

  /// nil when it is none of ours.
  init?(text: String) {
    guard text.utf8.count <= 1024 else { return nil }
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[at]), let low = Self.value(digits[at + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    guard let plain = String(validating: bytes, as: UTF8.self) else { return nil }
    let parts = plain.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let list = List(rawValue: String(parts[0])),
      let milliseconds = Int64(parts[1]), !parts[2].isEmpty
    else { return nil }
    self.init(
      list,
      OrderPlace(
        placedAt: WallTime(milliseconds: milliseconds), orderID: String(parts[2])))
  }

  var text: String {
    let plain = "\(list.rawValue)|\(place.placedAt.milliseconds)|\(place.orderID)"
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in plain.utf8 {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
