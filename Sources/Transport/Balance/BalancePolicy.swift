/// How calls are spread over the replicas of a service, and when one is left out.
public struct BalancePolicy: Sendable, Hashable {
  /// Replicas that are taken notice of; what a name resolves to beyond that is left out.
  public static let replicasMax = 64

  /// Between two looks at what names stand for; each is up to a fifth longer or shorter.
  public var resolveInterval: Duration = .seconds(30)
  /// Between two looks, however many connections fail.
  public var resolvePause: Duration = .seconds(1)
  /// A call that is given less time than this and gets no answer says nothing about its replica.
  public var patience: Duration = .seconds(1)
  /// Failures one after the other that eject a replica.
  public var consecutiveFailures = 5
  /// The failure rate is taken over windows of that length, which do not overlap.
  public var window: Duration = .seconds(10)
  /// Below so many calls in a window their rate says nothing.
  public var windowCallsMin = 20
  /// So many failures of 100 calls of a window eject a replica.
  public var failurePercent = 50
  /// How long a replica is left out the first time; doubles with each time that follows, up to a
  /// fifth longer or shorter.
  public var ejection: Duration = .seconds(5)
  /// It is left out no longer than that.
  public var ejectionMax: Duration = .seconds(120)
  /// Never more of 100 replicas are left out.
  public var ejectedPercentMax = 50
  /// Of 100 calls, so many may be sent to another replica after one has refused them.
  public var retryPercent = 20
  /// The first pause before a replica's health is asked again; doubles up to `watchPauseMax`.
  public var watchPause: Duration = .milliseconds(100)
  public var watchPauseMax: Duration = .seconds(5)

  public init() {}

  /// `duration`, up to a fifth longer or shorter, as `chance` will have it.
  static func jittered(_ duration: Duration, _ chance: UInt64) -> Duration {
    duration * (800 + Int(chance % 401)) / 1000
  }
}
