import Domain
import Journal
import Messages

/// A stored event's name and bytes, on their way to a domain event.
struct StoredMessage {
  let type: String
  let payload: [UInt8]

  /// Reads the message and makes a value of it. Values were checked before they were stored, so a
  /// refusal means damage, or an event that this code is too old for.
  func read<Body: Message, Value>(
    _ make: (Body) throws(Rejection) -> Value
  ) throws(EventCodecError) -> Value {
    let body: Body = try EventMapping.decode(payload)
    return try EventMapping.checked { () throws(Rejection) in try make(body) }
  }
}

extension Won {
  /// An amount from outside; `invalid`, naming the field, when it is below zero.
  init(_ field: String, _ amount: Int64) throws(Rejection) {
    do throws(MoneyError) { self = try Won(amount) } catch {
      throw Rejection(.invalid, "\(field) must not be below zero")
    }
  }
}
