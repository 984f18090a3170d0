/// What can go wrong when money is added up.
public enum MoneyError: Error, Equatable, Sendable {
  /// The result does not fit 64 bits.
  case overflow
  /// The result would be below zero.
  case negative
}

/// An amount of money in whole won, never below zero. Arithmetic throws, it does not trap or wrap.
public struct Won: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Whole won, at least zero.
  public let amount: Int64

  /// Nothing.
  public static let zero = Won(unchecked: 0)
  /// The largest amount there is.
  public static let max = Won(unchecked: .max)

  /// Throws `negative` for an amount below zero.
  public init(_ amount: Int64) throws(MoneyError) {
    guard amount >= 0 else { throw .negative }
    self.amount = amount
  }

  private init(unchecked amount: Int64) { self.amount = amount }

  /// The sum, or `overflow`.
  public func adding(_ other: Won) throws(MoneyError) -> Won {
    let (sum, overflow) = amount.addingReportingOverflow(other.amount)
    guard !overflow else { throw .overflow }
    return Won(unchecked: sum)
  }

  /// The difference, or `negative` when `other` is more.
  public func subtracting(_ other: Won) throws(MoneyError) -> Won {
    guard amount >= other.amount else { throw .negative }
    return Won(unchecked: amount - other.amount)
  }

  /// The difference, or zero when `other` is more.
  public func subtractingOrZero(_ other: Won) -> Won {
    amount > other.amount ? Won(unchecked: amount - other.amount) : .zero
  }

  /// The product; `negative` for a negative count, `overflow` when it does not fit.
  public func multiplied(by count: Int) throws(MoneyError) -> Won {
    guard count >= 0 else { throw .negative }
    let (product, overflow) = amount.multipliedReportingOverflow(by: Int64(count))
    guard !overflow else { throw .overflow }
    return Won(unchecked: product)
  }

  /// The sum of all amounts, or `overflow`.
  public static func sum(_ amounts: some Sequence<Won>) throws(MoneyError) -> Won {
    var total = Won.zero
    for amount in amounts { total = try total.adding(amount) }
    return total
  }

  public static func < (left: Won, right: Won) -> Bool { left.amount < right.amount }
  public var description: String { "\(amount) won" }
}
