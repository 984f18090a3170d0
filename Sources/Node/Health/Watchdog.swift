import Foundation
import Gateway
import Glibc
import Journal
import Logging
import NIOCore
import Resilience
import Synchronization

/// A thread of its own that sees when an event loop, a pool, a journal's writer or the tasks' own
/// threads do not answer. Then the node is not alive any more, and after a grace it ends the
/// process: what is blocked cannot be replaced within it, and whoever looks after the process
/// starts another.
///
/// It needs nothing that it watches: no event loop, no task, no lock that is held for long.
final class Watchdog: Sendable {
  /// The status of a process that has ended for being stuck (EX_SOFTWARE of sysexits.h).
  static let exitCode: Int32 = 70
  /// How long it may take to say so, since standard error may be what is stuck; then SIGALRM ends
  /// the process.
  private static let lastWordsSeconds: UInt32 = 5

  fileprivate struct Watched {
    let name: String
    let pulse: Pulse
    /// Asks for an answer; nil for who shows by itself when it works.
    let ask: (@Sendable (_ answer: @escaping @Sendable () -> Void) -> Void)?
  }

  private let settings: NodeConfig.Watchdog
  private let health: NodeHealth
  private let log: Logger
  private let watched = Mutex<[Watched]>([])
  private let isStopped = Atomic<Bool>(false)

  /// How often it looks: ten times within the time-out, but neither more often than a hundred times
  /// a second nor less than once.
  private var tick: Duration { min(max(settings.timeout / 10, .milliseconds(10)), .seconds(1)) }

  init(_ settings: NodeConfig.Watchdog, health: NodeHealth, log: Logger) {
    self.settings = settings
    self.health = health
    self.log = log
  }

  /// Watches somebody who shows when he works.
  func watch(_ name: String, _ pulse: Pulse) {
    watched.withLock { $0.append(Watched(name: name, pulse: pulse, ask: nil)) }
  }

  /// Watches somebody who has to answer: one question at a time, the next once it is answered.
  func watch(
    _ name: String, ask: @escaping @Sendable (_ answer: @escaping @Sendable () -> Void) -> Void
  ) {
    watched.withLock { $0.append(Watched(name: name, pulse: Pulse(), ask: ask)) }
  }

  func watch(_ group: any EventLoopGroup) {
    for (number, loop) in group.makeIterator().enumerated() {
      watch("event loop \(number + 1)") { answer in loop.execute(answer) }
    }
  }

  func start() {
    let thread = Thread { self.run() }
    thread.name = "watchdog"
    thread.start()
  }

  /// Lets the thread end within a tick.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func run() {
    var judge = StallJudge(timeout: settings.timeout, tick: tick)
    var known: Set<String> = []
    while !isStopped.load(ordering: .relaxed) {
      let watched = watched.withLock { $0 }
      for one in watched { one.askUnlessAsked() }
      let stalls = judge.look(
        at: NodeClock.monotonic(), watched.map { .init($0.name, oldest: $0.pulse.oldest) })
      tell(stalls, of: watched.map(\.name))
      note(stalls, &known)
      if let stall = stalls.first(where: { $0.duration > settings.timeout + settings.grace }) {
        end(for: stall)
      }
      var pause = timespec(tick)
      nanosleep(&pause, nil)
    }
  }

  private func tell(_ stalls: [StallJudge.Stall], of names: [String]) {
    let problems = Dictionary(
      stalls.map { ($0.name, "does not answer for \($0.duration.wholeMilliseconds) ms") },
      uniquingKeysWith: { first, _ in first })
    health.see(names.map { ProbeCheck($0, problem: problems[$0]) })
  }

  /// One line when somebody gets stuck, and one when he gets on.
  private func note(_ stalls: [StallJudge.Stall], _ known: inout Set<String>) {
    for stall in stalls where known.insert(stall.name).inserted {
      log.critical(
        "stuck; the node is not alive", metadata: ["who": "\(stall.name)"])
    }
    for name in known.subtracting(stalls.map(\.name)) {
      known.remove(name)
      log.warning("answers again", metadata: ["who": "\(name)"])
    }
  }

  private func end(for stall: StallJudge.Stall) -> Never {
    alarm(Self.lastWordsSeconds)
    log.critical(
      "stuck for too long; the process ends",
      metadata: [
        "who": "\(stall.name)", "for_ms": "\(stall.duration.wholeMilliseconds)",
        "exit_code": "\(Self.exitCode)",
      ])
    _exit(Self.exitCode)
  }
}

extension Watchdog.Watched {
  fileprivate func askUnlessAsked() {
    guard let ask, pulse.oldest == nil else { return }
    let (beat, pulse) = (pulse.begin(), pulse)
    ask { pulse.end(beat) }
  }
}

extension timespec {
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
  }
}

extension Duration {
  var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
