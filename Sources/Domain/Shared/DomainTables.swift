/// Every transition table there is, and the deadlines beside them.
public enum DomainTables {
  /// What a reader of the tables needs to know first.
  public static let preface =
    "What is not in a table is refused. \"ignored\" changes nothing and is no error."

  /// The transition tables, in the order an order meets them.
  public static var transitions: [PrintedTable] {
    [
      Order.printedTable, Payment.printedTable, StoreProfile.printedTable, Ticket.printedTable,
      Delivery.printedTable, Rider.printedTable,
    ]
  }

  /// Which state waits for what, how long, and what happens then.
  public static func deadlines(_ policy: DeadlinePolicy = .standard) -> [PrintedTable] {
    [
      printed("Order deadlines", OrderDeadlines.rules, policy),
      printed("Payment deadlines", PaymentDeadlines.rules, policy),
      printed("Delivery deadlines", DeliveryDeadlines.rules, policy),
    ]
  }

  /// Every kind of deadline there is.
  public static var deadlineKinds: [String] {
    OrderDeadline.allCases.map(\.rawValue) + PaymentDeadline.allCases.map(\.rawValue)
      + DeliveryDeadline.allCases.map(\.rawValue)
  }

  /// Whom the deadline of that kind of an `order`, `payment` or `delivery` waits for, and what
  /// happens when it passes; nil when there is none of that name.
  public static func deadline(
    _ kind: String, of aggregate: String
  ) -> (owner: String, outcome: String)? {
    switch aggregate {
    case "order": said(OrderDeadlines.rules, kind)
    case "payment": said(PaymentDeadlines.rules, kind)
    case "delivery": said(DeliveryDeadlines.rules, kind)
    default: nil
    }
  }

  private static func said<Phase, Kind>(
    _ rules: [DeadlineRule<Phase, Kind>], _ kind: String
  ) -> (owner: String, outcome: String)? {
    // Of several for one kind the last: it holds in the end.
    rules.last { $0.kind.rawValue == kind }.map { ($0.owner, $0.outcome) }
  }

  /// All of it as aligned text.
  public static var text: String {
    ([preface + "\n"] + (transitions + deadlines()).map(\.text)).joined(separator: "\n")
  }

  /// All of it as Markdown.
  public static var markdown: String {
    (["# Transitions", preface + "\n"] + (transitions + deadlines()).map(\.markdown))
      .joined(separator: "\n")
  }

  private static func printed<Phase, Kind>(
    _ title: String, _ rules: [DeadlineRule<Phase, Kind>], _ policy: DeadlinePolicy
  ) -> PrintedTable {
    let rows = rules.map { rule in
      [
        rule.phases.map(\.rawValue).joined(separator: ", "), rule.kind.rawValue, rule.owner,
        "\(policy[keyPath: rule.duration].wholeMs / 1000) s", rule.outcome,
      ]
    }
    return PrintedTable(
      title: title, header: ["in state", "deadline", "waits for", "after", "then"], rows: rows)
  }
}
