import Synchronization

/// What a source was asked last, for those who must know that they have heard all it has to say.
struct Hearing: Sendable {
  /// Between two questions, so that many who want to know are one question now and then.
  static let questionInterval = Duration.milliseconds(100)
  /// A source that takes longer to answer is waited for by the one who asks alone.
  static let answerTime = Duration.milliseconds(200)
  /// How often, and after what pauses, one who asks looks whether it is so: for a second.
  static let looksMax = 50
  static let pause = Duration.milliseconds(20)

  /// Heads that the source had at that time, or later.
  private var answer: (at: WallTime, heads: [Position])?
  private var askedAt: WallTime?
  private var failedAt: WallTime?
  private var isAsking = false

  init() {}

  /// What the source had at `time` or later; nil when it has not been asked since.
  func heads(since time: WallTime, at now: WallTime) -> [Position]? {
    // A clock that was set back makes an answer worthless.
    guard let answer, time <= answer.at, answer.at <= now else { return nil }
    return answer.heads
  }

  /// Whether the caller is the one who asks; then `endAsking` must follow.
  mutating func beginAsking(about time: WallTime, at now: WallTime) -> Bool {
    guard !isAsking, heads(since: time, at: now) == nil else { return false }
    if let askedAt, askedAt <= now, now < askedAt.advanced(by: Self.questionInterval) {
      return false
    }
    isAsking = true
    askedAt = now
    return true
  }

  /// - Parameter heads: nil when there was no answer.
  mutating func endAsking(_ heads: [Position]?) {
    isAsking = false
    guard let askedAt else { return }
    if let heads { answer = (askedAt, heads) } else { failedAt = askedAt }
  }

  /// Whether it makes no sense to wait for an answer: there was none just now, or it is long in
  /// coming.
  func isOutOfReach(at now: WallTime) -> Bool {
    func isWithin(_ duration: Duration, of time: WallTime?) -> Bool {
      time.map { $0 <= now && now < $0.advanced(by: duration) } ?? false
    }
    if isAsking { return !isWithin(Self.answerTime, of: askedAt) }
    return isWithin(Self.questionInterval, of: failedAt)
  }
}

extension Subscription {
  /// Whether all is dealt with here that the source had in the partition of `stream` at `time`,
  /// which must have come. The source is asked, and what it has then is waited for, for a second.
  /// False when that is not enough, while the source does not answer, and while something of the
  /// stream is set aside: it was recorded and has not had its effect.
  ///
  /// By itself a subscription cannot tell a source without news from one out of reach. One caller
  /// asks for all: a source that does not answer holds up no more than one of them.
  public func hasHeard(of stream: StreamKey, until time: WallTime) async -> Bool {
    for _ in 0..<Hearing.looksMax {
      // Until people have looked after it: nobody is to wait for that.
      if parking.isParked(stream.id) { return false }
      let now = clock.now()
      if hearing.withLock({ $0.beginAsking(about: time, at: now) }) {
        guard await ask() else { return false }
      }
      if hasDealtWith(stream, until: time) { return !parking.isParked(stream.id) }
      if hearing.withLock({ $0.isOutOfReach(at: clock.now()) }) { return false }
      do { try await clock.sleep(Hearing.pause) } catch { return false }
    }
    return false
  }

  /// Whether there was an answer.
  private func ask() async -> Bool {
    let before = progress.withLock { $0.map(\.lowWater) }
    var heads: [Position]?
    do throws(JournalError) { heads = try await source.status().heads } catch { heads = nil }
    // It has less than was heard already: an older copy of it, which says nothing.
    if let told = heads, zip(told, before).contains(where: { $0 < $1 }) { heads = nil }
    hearing.withLock { $0.endAsking(heads) }
    return heads != nil
  }

  private func hasDealtWith(_ stream: StreamKey, until time: WallTime) -> Bool {
    let now = clock.now()
    guard let heads = hearing.withLock({ $0.heads(since: time, at: now) }) else { return false }
    let partition = stream.partition(of: heads.count)
    guard heads.indices.contains(partition.index), let lowWater = lowWater(of: partition) else {
      return false
    }
    return lowWater >= heads[partition.index]
  }
}
