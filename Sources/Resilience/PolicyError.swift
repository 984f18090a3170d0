/// A value of a policy that cannot be meant. Names the field as it stands in a file.
package struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Such as `open_wait.jitter`.
  package let field: String
  /// What is wrong with it, with the value and what is allowed.
  package let problem: String

  package init(field: String, problem: String) {
    self.field = field
    self.problem = problem
  }

  package var description: String { "\(field): \(problem)" }
}

/// Checks that all policies share.
enum PolicyCheck {
  static func count(_ field: String, _ value: Int, in allowed: ClosedRange<Int>)
    throws(PolicyError)
  {
    guard allowed.contains(value) else {
      throw PolicyError(
        field: field,
        problem: "\(value) is not between \(allowed.lowerBound) and \(allowed.upperBound)")
    }
  }

  /// Rejects what is not a number too, since no range contains it.
  static func rate(_ field: String, _ value: Double) throws(PolicyError) {
    guard value > 0, value <= 1 else {
      throw PolicyError(field: field, problem: "\(value) is not above 0 and at most 1")
    }
  }

  static func duration(_ field: String, _ value: Duration, upTo most: Duration)
    throws(PolicyError)
  {
    guard value > .zero, value <= most else {
      throw PolicyError(field: field, problem: "\(value) is not above zero and at most \(most)")
    }
  }
}
