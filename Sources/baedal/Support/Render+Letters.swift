import Messages

extension Render {
  /// - Parameter isLast: whether nothing is said about a page that follows.
  static func letters(_ answer: ListParkedResponse, isLast: Bool) -> String {
    var table = Table("event", "node", "from", "about", "type", "tries", "since", "reason")
    for event in answer.events {
      table.add(
        "\(LetterName(event))", "\(event.node)", "\(event.source)", "\(event.stream)",
        "\(short(event.type))", .number(event.attempts), "\(Show.moment(ms: event.parkedAtMs))",
        "\(event.reason)")
    }
    let more = isLast ? "" : "\nand more: --page \(answer.nextPage)"
    return table.text(nothing: "nothing is set aside") + more
  }

  static func letter(_ answer: GetParkedResponse) -> String {
    let event = answer.event ?? ParkedEvent()
    var lines = [
      fact("event", "\(LetterName(event)) on \(event.node)"),
      fact("about", "\(event.stream) of \(event.source)"), fact("type", event.type),
      fact("since", "\(Show.moment(ms: event.parkedAtMs)), tried \(event.attempts) times"),
      fact("reason", event.reason, .red),
    ]
    if !answer.eventID.isEmpty {
      lines += [
        fact("recorded", Show.moment(ms: answer.recordedAtMs)), fact("id", answer.eventID),
        fact("cause", answer.causationID), fact("course", answer.correlationID),
        fact(
          "says",
          answer.payloadJSON.isEmpty ? "\(answer.payload.count) bytes" : answer.payloadJSON),
      ]
    }
    if !answer.trouble.isEmpty { lines.append(fact("trouble", answer.trouble, .yellow)) }
    lines.append(fact("behind it", events(answer.behindCount)))
    for event in answer.behind { lines.append(fact("", "\(LetterName(event)) \(event.type)")) }
    return lines.joined(separator: "\n")
  }

  static func discarded(_ answer: ParkedEventResponse, _ letter: LetterName) -> String {
    var text = "\(letter): discarded on \(answer.node)"
    if answer.behind > 0 { text += "; \(events(answer.behind)) behind it handled" }
    if let next = answer.stopped {
      text +=
        "; \(LetterName(next)) behind it cannot be handled either: "
        + Terminal.plain(next.reason)
    }
    return text
  }

  static func events(_ count: UInt32) -> String { "\(count) event\(count == 1 ? "" : "s")" }

  /// `OrderPlaced`
  private static func short(_ type: String) -> Substring {
    type.split(separator: ".").last ?? ""
  }
}
