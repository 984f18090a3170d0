package import Domain
package import Journal
import Messages
package import Transport

extension RPCError {
  /// The one place where a domain's refusal becomes a status.
  package init(_ rejection: Rejection) {
    let code: StatusCode =
      switch rejection.code {
      case .invalid: .invalidArgument
      case .notFound: .notFound
      case .notYours, .forbiddenRole: .permissionDenied
      case .conflict: .alreadyExists
      case .illegalState, .priceChanged, .storeClosed, .storePaused, .areaNotServed, .soldOut,
        .belowMinimum:
        .failedPrecondition
      }
    self.init(code: code, message: rejection.message, cause: rejection)
    attach(
      Refusal(
        code: rejection.code.rawValue, state: rejection.state, command: rejection.command))
    if !rejection.priceChanges.isEmpty {
      attach(
        PriceChanged(
          changes: rejection.priceChanges.map {
            Messages.PriceChange(
              itemID: $0.item.rawValue, seenWon: $0.seen.amount, currentWon: $0.current.amount)
          }))
    }
  }

  /// A journal that could not do what was asked. `unavailable` and `overloaded` wrote nothing.
  package init(_ error: JournalError) {
    switch error {
    case .overloaded:
      self.init(
        code: .resourceExhausted, message: "too much to write down at the moment",
        retryAfter: .milliseconds(200), cause: error)
    case .unavailable:
      self.init(
        code: .unavailable, message: "nothing can be written down at the moment",
        retryAfter: .seconds(2), cause: error)
    case .versionConflict:
      self.init(code: .aborted, message: "changed by somebody else meanwhile", cause: error)
    case .unknown:
      self.init(
        code: .unknown, message: "it is not known whether this was written; ask again",
        cause: error)
    case .corrupt: self.init(code: .dataLoss, message: "what is stored is damaged", cause: error)
    case .closed:
      self.init(
        code: .unavailable, message: "the service is stopping", retryAfter: .seconds(1),
        cause: error)
    case .cancelled: self.init(code: .cancelled, message: "cancelled", cause: error)
    case .invalid, .refused:
      self.init(code: .internal, message: "the journal refused the request", cause: error)
    }
  }

  package init(_ error: AggregateError) {
    switch error {
    case .journal(let error): self.init(error)
    case .busy:
      self.init(
        code: .resourceExhausted, message: "too many requests for the same thing",
        retryAfter: .milliseconds(100), cause: error)
    case .cancelled: self.init(code: .cancelled, message: "cancelled", cause: error)
    case .unreadable:
      self.init(code: .dataLoss, message: "its history cannot be understood", cause: error)
    case .contended:
      self.init(code: .aborted, message: "changed by others again and again", cause: error)
    }
  }

  package init(_ error: ExecutionError<Rejection>) {
    switch error {
    case .rejected(let rejection): self.init(rejection)
    case .failed(let failure): self.init(failure)
    }
  }

  mutating func attach(_ message: some Message) {
    guard let bytes = try? message.serialized() else { return }
    details.append(ErrorDetail(typeURL: type(of: message).fullName, bytes: bytes))
  }
}

/// Runs `body` and turns a domain's refusal into a status.
package func refusing<Value>(
  _ body: () throws(Rejection) -> Value
) throws(RPCError) -> Value {
  do throws(Rejection) { return try body() } catch { throw RPCError(error) }
}
