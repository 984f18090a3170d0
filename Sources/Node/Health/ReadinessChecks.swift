import Glibc
import Journal
import JournalSQLite
import ServiceLifecycle

/// One thing that traffic depends on, and how to look whether it is well.
struct ReadinessCheck: Sendable {
  let name: String
  /// Whose it is; nil: the whole node's.
  var service: ServiceName?
  /// What is wrong, in one line that tells nothing secret; nil when nothing is.
  let look: @Sendable () async -> String?
}

/// Looks at everything that readiness depends on, again and again, each by itself: one that hangs
/// keeps what it said last and holds up no other.
struct ReadinessChecks: ServiceLifecycle.Service, CustomStringConvertible {
  let checks: [ReadinessCheck]
  let health: NodeHealth

  private static let interval = Duration.milliseconds(500)
  /// What is not well is looked at again so soon, then twice as late each time, up to `interval`.
  private static let firstPause = Duration.milliseconds(5)

  var description: String { "readiness checks" }

  /// Until somebody has looked, nothing is well.
  init(_ checks: [ReadinessCheck], health: NodeHealth) {
    self.checks = checks
    self.health = health
    for check in checks {
      health.find(
        NodeHealth.Finding(
          name: check.name, service: check.service, problem: "nobody has looked yet"))
    }
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        for check in checks {
          group.addTask {
            var pause = Self.firstPause
            while !Task.isCancelled {
              let problem = await check.look()
              health.find(
                NodeHealth.Finding(name: check.name, service: check.service, problem: problem))
              try? await Task.sleep(for: problem == nil ? Self.interval : pause)
              pause = problem == nil ? Self.firstPause : min(Self.interval, pause * 2)
            }
          }
        }
      }
    }
  }
}

extension ReadinessCheck {
  /// Whether a journal takes what it is given, and will go on to. One in trouble is tried out with
  /// a write of its own, since without traffic nothing else would tell that it has recovered; its
  /// checkpoints it tries again by itself.
  static func writes(_ service: ServiceName, _ journal: SQLiteJournal) -> ReadinessCheck {
    ReadinessCheck(name: "journal of \(service.rawValue)", service: service) {
      guard journal.trouble != nil else {
        guard case .failed(let reason) = journal.checkpointTrouble else { return nil }
        return reason
      }
      let cursor = Cursor(
        subscriber: "node.health", partition: 0, position: .start, epoch: journal.epoch)
      do throws(JournalError) {
        _ = try await journal.append(Append(cursors: [cursor]))
        return nil
      } catch { return "\(error)" }
    }
  }

  /// Whether there is room to write. The services that keep no journal write views there.
  static func room(in directory: String, atLeastMB least: @escaping @Sendable () -> Int64)
    -> ReadinessCheck
  {
    ReadinessCheck(name: "room on disk") {
      var status = statvfs()
      guard statvfs(directory, &status) == 0 else {
        return "cannot look: \(String(cString: strerror(errno)))"
      }
      let free = Self.mebibytes(UInt64(status.f_bavail), of: UInt64(status.f_frsize))
      let least = least()
      return free < least ? "\(free) MiB left, at least \(least) are needed" : nil
    }
  }

  /// So many blocks of that size in MiB. File systems without a limit of their own answer with more
  /// bytes than 64 bits count.
  static func mebibytes(_ blocks: UInt64, of size: UInt64) -> Int64 {
    let (bytes, overflow) = blocks.multipliedReportingOverflow(by: size)
    return Int64((overflow ? .max : bytes) / 1_048_576)
  }

  /// Whether a view or subscription has once been near to what it follows since the node started.
  /// Once well it stays well: who serves does not leave because there is much to catch up with.
  ///
  /// - Parameter lag: events it is behind by what it knows; nil while it cannot know. What follows
  ///   another node is not waited for then: that node's absence is no reason to be absent too, and
  ///   its return is none either.
  static func caughtUp(
    _ name: String, of service: ServiceName, isRemote: Bool,
    within most: @escaping @Sendable () -> Int64, lag: @escaping @Sendable () -> Int64?
  ) -> ReadinessCheck {
    let isNear = Latch()
    return ReadinessCheck(name: name, service: service) {
      if isNear.isSet { return nil }
      let problem: String? =
        switch lag() {
        case nil: isRemote ? nil : "has not begun"
        case .some(let lag): lag <= most() ? nil : "\(lag) events behind"
        }
      if problem == nil { isNear.set() }
      return problem
    }
  }
}
