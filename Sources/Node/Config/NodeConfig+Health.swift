extension NodeConfig {
  /// The HTTP port for probes.
  public struct HTTP: Sendable, Equatable {
    /// `host:port`; empty for none.
    public var address = ""
    /// Says that it may be reached from beyond this machine, in so many words.
    public var insecure = ""

    public init() {}
  }

  /// When the node says that traffic may come.
  public struct Readiness: Sendable, Equatable {
    /// Until a view or subscription is nearer than so many events, the node is still starting.
    public var lagEventsMax: Int64 = 10_000
    /// MiB.
    public var diskFreeMBMin: Int64 = 16

    public init() {}
  }

  /// Who looks after what cannot be replaced within the process.
  public struct Watchdog: Sendable, Equatable {
    /// What a test has blocked shortly after the start.
    public enum Fault: String, CaseIterable, Hashable, Sendable {
      case none
      case loop
      case writer
    }

    public var timeout: Duration = .seconds(10)
    public var grace: Duration = .seconds(10)
    public var fault = Fault.none

    public init() {}
  }

  /// Who looks after background work.
  public struct Supervisor: Sendable, Equatable {
    public var stallTimeout: Duration = .seconds(60)
    public var restartsMax = 10
    public var window: Duration = .seconds(600)

    public init() {}
  }
}
