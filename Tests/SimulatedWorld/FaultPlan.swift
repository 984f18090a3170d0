/// What one world suffers; drawn from its seed, so that some worlds are quiet and others are not.
package struct FaultPlan: Sendable {
  /// How long the network takes for one way.
  var delay: ClosedRange<Duration>
  /// So many of 1000 messages take much longer, and are overtaken by others.
  var latePerMille: Int
  /// So many requests reach the other side twice.
  var duplicatePerMille: Int
  /// So many requests, and so many answers, never arrive.
  var lostPerMille: Int
  /// How long a journal takes to flush.
  var flush: ClosedRange<Duration>
  /// So many flushes take hundreds of milliseconds.
  var slowFlushPerMille: Int
  /// So many appends are refused, and so many end with nobody knowing.
  var refusedAppendPerMille: Int
  var unknownAppendPerMille: Int
  /// So many events are handed to their subscriber twice.
  var repeatedEventPerMille: Int
  /// Nodes that crash, and partitions that come and go, while the workload lasts.
  var crashes: Int
  var partitions: Int
  /// Machines that stand still for a while, disks that are full, clocks that are set.
  var stops: Int
  var fullDisks: Int
  var doubtfulDisks: Int
  var clockChanges: Int
  /// So many callers hang up before they have an answer.
  var hangUpPerMille: Int
  /// So many of the provider's answers are lost, whatever it did.
  var lostAnswerPerMille: Int
  var restartAfter: ClosedRange<Duration>
  /// Times at which the provider changes its behaviour.
  var providerMoods: Int
  var declinePerMille: Int
  var unknownPerMille: Int
  /// The most that a node's wall clock is wrong, either way.
  var skewMax: Duration

  init(_ chance: Chance) {
    let isCalm = chance.perMille(150)
    // And some worlds are as bad as can be.
    let factor = isCalm ? 0 : chance.perMille(150) ? 4 : 1
    func some(_ most: Int) -> Int { chance.number(0...most * factor) }
    delay =
      .microseconds(200)...chance.pick([.milliseconds(2), .milliseconds(20), .milliseconds(300)])
    latePerMille = some(60)
    duplicatePerMille = some(60)
    lostPerMille = some(50)
    flush = .microseconds(100)...chance.pick([.milliseconds(1), .milliseconds(10)])
    slowFlushPerMille = some(40)
    refusedAppendPerMille = chance.perMille(300) ? some(20) : 0
    unknownAppendPerMille = chance.perMille(300) ? some(20) : 0
    repeatedEventPerMille = some(80)
    crashes = some(5)
    partitions = some(3)
    stops = some(2)
    fullDisks = some(2)
    doubtfulDisks = some(1)
    clockChanges = some(2)
    hangUpPerMille = some(40)
    lostAnswerPerMille = chance.perMille(500) ? some(200) : 0
    restartAfter = .milliseconds(200)...chance.pick([.seconds(2), .seconds(60), .seconds(600)])
    providerMoods = some(6)
    declinePerMille = chance.pick([0, 50, 200])
    unknownPerMille = isCalm ? 0 : chance.pick([0, 100, 400])
    skewMax = isCalm ? .zero : chance.pick([.zero, .seconds(1), .seconds(30), .seconds(600)])
  }

  /// Nothing goes wrong any more.
  mutating func heal() {
    (latePerMille, duplicatePerMille, lostPerMille, slowFlushPerMille) = (0, 0, 0, 0)
    (refusedAppendPerMille, unknownAppendPerMille, repeatedEventPerMille) = (0, 0, 0)
    (hangUpPerMille, lostAnswerPerMille) = (0, 0)
    delay = .microseconds(200)...(.milliseconds(5))
    flush = .microseconds(100)...(.milliseconds(1))
  }
}
