package import Domain
package import Logging
package import Transport

/// Everything that can be set about a node. A fresh value holds every default; `Setting.all`
/// names each key of the file that changes one.
package struct NodeConfig: Sendable, Equatable {
  /// Told in the hello, in logs and to operators.
  package var nodeName = "node-1"
  /// What runs here.
  package var services = Set(ServiceName.allCases)
  /// Where the protocol is served.
  package var listenHost = "127.0.0.1"
  /// 0 lets the system choose a free port.
  package var listenPort = 7700
  /// Says that a port beyond this machine is meant to be open to anyone; empty otherwise.
  package var listenInsecure = ""
  package var tls = TLS()
  /// Where the journals and views are, relative to the working directory.
  package var dataDirectory = "./data"
  /// Threads that carry connections and service actors; 0 is one for each core.
  package var eventLoops = 0
  /// Other nodes, by their names in the file, and what they run.
  package var peers: [Peer] = []
  /// How calls are spread where several replicas run a service.
  package var balance = BalancePolicy()
  package var access = Access()
  package var journal = Journal()
  package var pools = Pools()
  package var autoscale = Autoscale()
  package var signals = Signals()
  package var overload = Overload()
  /// What the server takes from its callers.
  package var limits = ServerLimits()
  /// How long each waiting state of an order may last.
  package var deadlines = DeadlinePolicy.standard
  package var payment = Payment()
  package var log = Log()
  package var http = HTTP()
  package var readiness = Readiness()
  package var watchdog = Watchdog()
  package var supervisor = Supervisor()
  /// From SIGTERM until whatever has not finished is cut off.
  package var drainTimeout: Duration = .seconds(20)
  /// Between two looks at the file, and those that it names; zero for none.
  package var reloadInterval: Duration = .seconds(5)

  package init() {}
}

extension NodeConfig {
  /// Another node.
  package struct Peer: Sendable, Equatable {
    package let name: String
    /// Where it listens; several for a service that runs more than once behind this name.
    package var addresses: [ReplicaAddress] = []
    /// What it runs, as far as this node needs it.
    package var services: Set<ServiceName> = []

    package init(name: String) { self.name = name }
  }

  /// Who has to prove what they claim.
  package struct Access: Sendable, Equatable {
    /// A file whose first line is `operatorToken`; empty for none.
    package var operatorTokenFile = ""
    /// What operators must show in their hello; nil believes everyone.
    package var operatorToken: Secret?
    /// A file with the public keys that tokens are believed by; empty for none.
    package var tokenKeysFile = ""
    /// Calls a second of one customer, store or rider; 0 for no limit.
    package var callsPerSecond = 0
    package var callsBurst = 100
    /// New connections a second from one address; 0 for no limit.
    package var connectionsPerSecond = 200
    package var connectionsBurst = 500

    package init() {}
  }

  /// The event log of each service.
  package struct Journal: Sendable, Equatable {
    /// Fixed when a journal is made.
    package var partitions = 16
    /// Appends that may wait for the writer; one more is refused.
    package var queueMax = 4096
    /// Appends that share one commit.
    package var batchMax = 512
    /// SQLite's virtual file system, for fault injection; empty is the system's.
    package var vfs = ""
    /// 0 only in tests that show what the power-cut test finds without it.
    package var syncsCommits = 1

    package init() {}
  }

  /// What is measured.
  package struct Signals: Sendable, Equatable {
    /// 0 only where it is measured what they cost.
    package var enabled = 1
    package var isOn: Bool { enabled == 1 }

    package init() {}
  }

  /// The replicas of one service.
  package struct Pool: Sendable, Equatable {
    /// The fewest; at least one for each event loop uses all of them.
    package var replicasMin = 2
    package var replicasMax = 8
    /// Of a hundred places of a replica, so many should be taken.
    package var targetPercent = 70
    /// Calls that may wait for the pool; one more is refused.
    package var mailboxMax = 1024
    /// Commands that one replica works on at once.
    package var capacityPerReplica = 256

    package init() {}
  }

  /// How pools follow their load.
  package struct Autoscale: Sendable, Equatable {
    /// How often it is decided; under pressure more often.
    package var evaluation: Duration = .milliseconds(1000)
    /// So long has a lower load to last before replicas go.
    package var downWindow: Duration = .seconds(120)

    package init() {}
  }

  /// What becomes of calls that are too many.
  package struct Overload: Sendable, Equatable {
    /// Of a hundred places, those that new orders and questions leave free.
    package var reservedPercent = 5
    /// How long new orders and questions should wait at most, bursts aside.
    package var queueTarget: Duration = .milliseconds(50)
    /// What lasts longer is no burst.
    package var queueInterval: Duration = .milliseconds(500)

    package init() {}
  }

  /// One pool for each service.
  package struct Pools: Sendable, Equatable {
    package var order = Pool()
    package var payment = Pool()
    package var store = Pool()
    package var delivery = Pool()
    package var dashboard = Pool()

    package init() {}

    /// The pool of that service.
    package subscript(service service: ServiceName) -> Pool {
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
  package struct Payment: Sendable, Equatable {
    /// The providers there are.
    package enum Provider: String, CaseIterable, Hashable, Sendable {
      /// Built in, for trying things out.
      case simulator
      /// A real one, over HTTPS.
      case http
    }

    /// How the real provider is reached.
    package struct HTTP: Sendable, Equatable {
      /// Where its API begins; empty for none.
      package var url = ""
      /// A file whose first line is `secret`; empty for none.
      package var secretFile = ""
      /// The shop's secret key.
      package var secret: Secret?
      /// The authorities to trust instead of the system's; empty for the system's.
      package var caFile = ""
      package var connectTimeout: Duration = .milliseconds(1000)
      package var connections = 64
      /// From the end of an attempt until "no such payment" means that it never arrived.
      package var notFoundFinal: Duration = .seconds(60)

      package init() {}
    }

    /// How the built-in provider behaves at first; operators change it at run time.
    package struct Simulator: Sendable, Equatable {
      package var latency: Duration = .milliseconds(5)
      /// Charges at once.
      package var capacity = 512
      /// Charges beyond those that wait for a place; more are refused.
      package var queue = 0
      /// Of 1000 charges, so many are declined.
      package var declinePerMille = 0
      /// Of 1000 charges, so many lose their answer; half of those have charged.
      package var unknownPerMille = 0
      /// Starts its generator of chance.
      package var seed = 1

      package init() {}
    }

    /// When the circuit breaker around charges opens and closes.
    package struct Breaker: Sendable, Equatable {
      package var window: Duration = .seconds(10)
      package var minimumCalls = 20
      package var failurePercent = 50
      package var slowCall: Duration = .milliseconds(2000)
      package var slowPercent = 80
      package var openWait: Duration = .milliseconds(2000)
      package var openWaitMax: Duration = .seconds(30)
      package var probes = 5

      package init() {}
    }

    /// How many charges are under way, and how many wait for their turn.
    package struct Bulkhead: Sendable, Equatable {
      package var concurrent = 512
      package var queued = 128
      package var queueTimeout: Duration = .milliseconds(200)

      package init() {}
    }

    /// How parked orders are paid once payment is well again.
    package struct Drain: Sendable, Equatable {
      /// Charges started in a second at most; 0 leaves parked orders to their customers.
      package var perSecond = 50
      /// Under way at once.
      package var concurrent = 16
      /// How often somebody looks for parked orders.
      package var interval: Duration = .milliseconds(1000)

      package init() {}
    }

    package var breaker = Breaker()
    package var bulkhead = Bulkhead()
    /// Of 100 charges, so many may be sent again where that cannot charge twice.
    package var retryPercent = 10
    package var drain = Drain()
    /// How long order waits for an answer before the outcome counts as unknown.
    package var callTimeout: Duration = .milliseconds(3000)
    package var provider = Provider.simulator
    package var http = HTTP()
    package var simulator = Simulator()

    package init() {}
  }

  /// What is written to standard error.
  package struct Log: Sendable, Equatable {
    package enum Format: String, CaseIterable, Hashable, Sendable {
      /// For people.
      case text
      /// One JSON object a line.
      case json
    }

    package var level = Logger.Level.info
    package var format = Format.text

    package init() {}
  }
}
