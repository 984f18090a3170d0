public import Domain
public import Logging
public import Transport

/// Everything that can be set about a node. A fresh value holds every default; `Setting.all`
/// names each key of the file that changes one.
public struct NodeConfig: Sendable, Equatable {
  /// Told in the hello, in logs and to operators.
  public var nodeName = "node-1"
  /// What runs here.
  public var services = Set(ServiceName.allCases)
  /// Where the protocol is served.
  public var listenHost = "127.0.0.1"
  /// 0 lets the system choose a free port.
  public var listenPort = 7700
  /// Says that a port beyond this machine is meant to be open to anyone; empty otherwise.
  public var listenInsecure = ""
  public var tls = TLS()
  /// Where the journals and views are, relative to the working directory.
  public var dataDirectory = "./data"
  /// Threads that carry connections and service actors; 0 is one for each core.
  public var eventLoops = 0
  /// Other nodes, by their names in the file, and what they run.
  public var peers: [Peer] = []
  /// How calls are spread where several replicas run a service.
  public var balance = BalancePolicy()
  public var access = Access()
  public var journal = Journal()
  public var pools = Pools()
  public var autoscale = Autoscale()
  public var signals = Signals()
  public var overload = Overload()
  /// What the server takes from its callers.
  public var limits = ServerLimits()
  /// How long each waiting state of an order may last.
  public var deadlines = DeadlinePolicy.standard
  public var payment = Payment()
  public var log = Log()
  public var http = HTTP()
  public var readiness = Readiness()
  public var watchdog = Watchdog()
  public var supervisor = Supervisor()
  /// From SIGTERM until whatever has not finished is cut off.
  public var drainTimeout: Duration = .seconds(20)
  /// Between two looks at the file, and those that it names; zero for none.
  public var reloadInterval: Duration = .seconds(5)

  public init() {}
}

extension NodeConfig {
  /// Another node.
  public struct Peer: Sendable, Equatable {
    public let name: String
    /// Where it listens; several for a service that runs more than once behind this name.
    public var addresses: [ReplicaAddress] = []
    /// What it runs, as far as this node needs it.
    public var services: Set<ServiceName> = []

    public init(name: String) { self.name = name }
  }

  /// Who has to prove what they claim.
  public struct Access: Sendable, Equatable {
    /// A file whose first line is `operatorToken`; empty for none.
    public var operatorTokenFile = ""
    /// What operators must show in their hello; nil believes everyone.
    public var operatorToken: Secret?
    /// A file with the public keys that tokens are believed by; empty for none.
    public var tokenKeysFile = ""
    /// Calls a second of one customer, store or rider; 0 for no limit.
    public var callsPerSecond = 0
    public var callsBurst = 100
    /// New connections a second from one address; 0 for no limit.
    public var connectionsPerSecond = 200
    public var connectionsBurst = 500

    public init() {}
  }

  /// The event log of each service.
  public struct Journal: Sendable, Equatable {
    /// Fixed when a journal is made.
    public var partitions = 16
    /// Appends that may wait for the writer; one more is refused.
    public var queueMax = 4096
    /// Appends that share one commit.
    public var batchMax = 512
    /// SQLite's virtual file system, for fault injection; empty is the system's.
    public var vfs = ""
    /// 0 only in tests that show what the power-cut test finds without it.
    public var syncsCommits = 1

    public init() {}
  }

  /// What is measured.
  public struct Signals: Sendable, Equatable {
    /// 0 only where it is measured what they cost.
    public var enabled = 1
    public var isOn: Bool { enabled == 1 }

    public init() {}
  }

  /// The replicas of one service.
  public struct Pool: Sendable, Equatable {
    /// The fewest; at least one for each event loop uses all of them.
    public var replicasMin = 2
    public var replicasMax = 8
    /// Of a hundred places of a replica, so many should be taken.
    public var targetPercent = 70
    /// Calls that may wait for the pool; one more is refused.
    public var mailboxMax = 1024
    /// Commands that one replica works on at once.
    public var capacityPerReplica = 256

    public init() {}
  }

  /// How pools follow their load.
  public struct Autoscale: Sendable, Equatable {
    /// How often it is decided; under pressure more often.
    public var evaluation: Duration = .milliseconds(1000)
    /// So long has a lower load to last before replicas go.
    public var downWindow: Duration = .seconds(120)

    public init() {}
  }

  /// What becomes of calls that are too many.
  public struct Overload: Sendable, Equatable {
    /// Of a hundred places, those that new orders and questions leave free.
    public var reservedPercent = 5
    /// How long new orders and questions should wait at most, bursts aside.
    public var queueTarget: Duration = .milliseconds(50)
    /// What lasts longer is no burst.
    public var queueInterval: Duration = .milliseconds(500)

    public init() {}
  }

  /// One pool for each service.
  public struct Pools: Sendable, Equatable {
    public var order = Pool()
    public var payment = Pool()
    public var store = Pool()
    public var delivery = Pool()
    public var dashboard = Pool()

    public init() {}

    /// The pool of that service.
    public subscript(service service: ServiceName) -> Pool {
      get {
        switch service {
        case .order: order
        case .payment: payment
        case .store: store
        case .delivery: delivery
        case .dashboard: dashboard
        }
      }
      set {
        switch service {
        case .order: order = newValue
        case .payment: payment = newValue
        case .store: store = newValue
        case .delivery: delivery = newValue
        case .dashboard: dashboard = newValue
        }
      }
    }
  }

  /// Who takes the money.
  public struct Payment: Sendable, Equatable {
    /// The providers there are.
    public enum Provider: String, CaseIterable, Hashable, Sendable {
      /// Built in, for trying things out.
      case simulator
      /// A real one, over HTTPS.
      case http
    }

    /// How the real provider is reached.
    public struct HTTP: Sendable, Equatable {
      /// Where its API begins; empty for none.
      public var url = ""
      /// A file whose first line is `secret`; empty for none.
      public var secretFile = ""
      /// The shop's secret key.
      public var secret: Secret?
      /// The authorities to trust instead of the system's; empty for the system's.
      public var caFile = ""
      public var connectTimeout: Duration = .milliseconds(1000)
      public var connections = 64
      /// From the end of an attempt until "no such payment" means that it never arrived.
      public var notFoundFinal: Duration = .seconds(60)

      public init() {}
    }

    /// How the built-in provider behaves at first; operators change it at run time.
    public struct Simulator: Sendable, Equatable {
      public var latency: Duration = .milliseconds(5)
      /// Charges at once.
      public var capacity = 512
      /// Charges beyond those that wait for a place; more are refused.
      public var queue = 0
      /// Of 1000 charges, so many are declined.
      public var declinePerMille = 0
      /// Of 1000 charges, so many lose their answer; half of those have charged.
      public var unknownPerMille = 0
      /// Starts its generator of chance.
      public var seed = 1

      public init() {}
    }

    /// When the circuit breaker around charges opens and closes.
    public struct Breaker: Sendable, Equatable {
      public var window: Duration = .seconds(10)
      public var minimumCalls = 20
      public var failurePercent = 50
      public var slowCall: Duration = .milliseconds(2000)
      public var slowPercent = 80
      public var openWait: Duration = .milliseconds(2000)
      public var openWaitMax: Duration = .seconds(30)
      public var probes = 5

      public init() {}
    }

    /// How many charges are under way, and how many wait for their turn.
    public struct Bulkhead: Sendable, Equatable {
      public var concurrent = 512
      public var queued = 128
      public var queueTimeout: Duration = .milliseconds(200)

      public init() {}
    }

    /// How parked orders are paid once payment is well again.
    public struct Drain: Sendable, Equatable {
      /// Charges started in a second at most; 0 leaves parked orders to their customers.
      public var perSecond = 50
      /// Under way at once.
      public var concurrent = 16
      /// How often somebody looks for parked orders.
      public var interval: Duration = .milliseconds(1000)

      public init() {}
    }

    public var breaker = Breaker()
    public var bulkhead = Bulkhead()
    /// Of 100 charges, so many may be sent again where that cannot charge twice.
    public var retryPercent = 10
    public var drain = Drain()
    /// How long order waits for an answer before the outcome counts as unknown.
    public var callTimeout: Duration = .milliseconds(3000)
    public var provider = Provider.simulator
    public var http = HTTP()
    public var simulator = Simulator()

    public init() {}
  }

  /// What is written to standard error.
  public struct Log: Sendable, Equatable {
    public enum Format: String, CaseIterable, Hashable, Sendable {
      /// For people.
      case text
      /// One JSON object a line.
      case json
    }

    public var level = Logger.Level.info
    public var format = Format.text

    public init() {}
  }
}
