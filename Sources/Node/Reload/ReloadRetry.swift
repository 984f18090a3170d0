/// When a reload that failed is tried again though nothing has changed since, for what was in its
/// way may have passed: at the next look, and then after twice as long each time.
struct ReloadRetry {
  static let pauseMax = Duration.seconds(60)

  /// Between the last try and the next; nil when nothing failed.
  private var pause: Duration?
  private var waited = Duration.zero

  /// A look has found nothing new, `interval` after the one before: whether to try again now.
  mutating func isDue(after interval: Duration) -> Bool {
    guard let pause else { return false }
    waited += interval
    return waited >= pause
  }

  /// What a try came to.
  ///
  /// - Parameter isAgain: it was made because it was due, and not for a change.
  mutating func note(failed: Bool, isAgain: Bool, interval: Duration) {
    waited = .zero
    guard failed else {
      pause = nil
      return
    }
    let longest = max(Self.pauseMax, interval)
    pause = isAgain ? min((pause ?? interval) * 2, longest) : interval
  }
}
