extension NodeConfig {
  /// The HTTP port for probes.
  package struct HTTP: Sendable, Equatable {
    /// `host:port`; empty for none.
    package var address = ""
    /// Says that it may be reached from beyond this machine, in so many words.
    package var insecure = ""

    package init() {}
  }

  /// When the node says that traffic may come.
  package struct Readiness: Sendable, Equatable {
    /// Until a view or subscription is nearer than so many events, the node is still starting.
    package var lagEventsMax: Int64 = 10_000
    /// MiB.
    package var diskFreeMBMin: Int64 = 16

    package init() {}
  }

  /// Who looks after what cannot be replaced within the process.
  package struct Watchdog: Sendable, Equatable {
    /// What a test has blocked shortly after the start.
    package enum Fault: String, CaseIterable, Hashable, Sendable {
      case none
      case loop
      case writer
    }

    package var timeout: Duration = .seconds(10)
    package var grace: Duration = .seconds(10)
    package var fault = Fault.none

    package init() {}
  }

  /// Who looks after background work.
  package struct Supervisor: Sendable, Equatable {
    package var stallTimeout: Duration = .seconds(60)
    package var restartsMax = 10
    package var window: Duration = .seconds(600)

    package init() {}
  }
}
