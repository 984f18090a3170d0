/// Why a guarded call gave no value.
public enum GuardedCallError<Failure: Error>: Error {
  /// It was not made.
  case rejected(BreakerRejection)
  /// It was made, and threw this.
  case failed(Failure)
}

extension GuardedCallError: Equatable where Failure: Equatable {}

extension CircuitBreaker {
  /// Makes the call if the breaker lets it through, and tells the breaker what `judge` makes of
  /// the result. `now` is read before and after.
  @inlinable public func run<Value, Failure: Error>(
    now: () -> MonotonicInstant,
    judge: (borrowing Result<Value, Failure>) -> CallOutcome = CircuitBreaker.judge,
    _ call: () throws(Failure) -> Value
  ) throws(GuardedCallError<Failure>) -> Value {
    let permit: BreakerPermit
    do throws(BreakerRejection) {
      permit = try self.permit(at: now())
    } catch {
      throw .rejected(error)
    }
    let result: Result<Value, Failure>
    do throws(Failure) {
      result = .success(try call())
    } catch {
      result = .failure(error)
    }
    permit.settle(judge(result), at: now())
    return try value(of: result)
  }

  /// As above, for a call that waits. Cancelling does not wait for the call: whoever cancels must
  /// make the call end, or its permit ends with the lease.
  @inlinable public func run<Value, Failure: Error>(
    isolation: isolated (any Actor)? = #isolation,
    now: () -> MonotonicInstant,
    judge: (borrowing Result<Value, Failure>) -> CallOutcome = CircuitBreaker.judge,
    _ call: () async throws(Failure) -> Value
  ) async throws(GuardedCallError<Failure>) -> Value {
    let permit: BreakerPermit
    do throws(BreakerRejection) {
      permit = try self.permit(at: now())
    } catch {
      throw .rejected(error)
    }
    let result: Result<Value, Failure>
    do throws(Failure) {
      result = .success(try await call())
    } catch {
      result = .failure(error)
    }
    permit.settle(judge(result), at: now())
    return try value(of: result)
  }

  /// What a caller's rule is when it has none: an error is a failure, except that a cancelled call
  /// says nothing about the dependency.
  @inlinable public static func judge<Value, Failure: Error>(
    _ result: borrowing Result<Value, Failure>
  ) -> CallOutcome {
    switch copy result {
    case .success: .success
    case .failure(let error): error is CancellationError ? .ignored : .failure
    }
  }

  @inlinable func value<Value, Failure: Error>(
    of result: Result<Value, Failure>
  ) throws(GuardedCallError<Failure>) -> Value {
    switch result {
    case .success(let value): return value
    case .failure(let error): throw .failed(error)
    }
  }
}
