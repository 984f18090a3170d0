/// Bounds how many calls are sent again: each call adds a share of a token, each retry takes a
/// whole one, so that a service that refuses everything is not asked much more than before.
public struct RetryTokens: Sendable, Hashable {
  /// Retries that may come at once when many calls went well before.
  public static let burst = 20
  private let percent: Int
  private var hundredths: Int

  /// - Parameter percent: retries for 100 calls.
  public init(percent: Int) {
    self.percent = percent
    hundredths = percent == 0 ? 0 : Self.burst * 100
  }

  /// A call has begun.
  public mutating func called() {
    hundredths = min(Self.burst * 100, hundredths + percent)
  }

  /// Whether a call may be sent again; takes a token if so.
  public mutating func take() -> Bool {
    guard hundredths >= 100 else { return false }
    hundredths -= 100
    return true
  }
}
