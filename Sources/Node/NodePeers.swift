import NIOCore
import NIOPosix
import Services
import Transport

/// The other nodes that this one calls: a client for each, which connects when it is first needed.
struct NodePeers {
  private let clients: [(peer: NodeConfig.Peer, transport: TCPClient)]

  init(_ config: NodeConfig, group: MultiThreadedEventLoopGroup) {
    clients = config.peers.map { peer in
      var configuration = ClientConfiguration()
      configuration.node = config.nodeName
      configuration.credentials = ClientCredentials(
        principal: Principal(role: "service", id: config.nodeName))
      return (
        peer,
        TCPClient(host: peer.host, port: peer.port, configuration: configuration, group: group)
      )
    }
  }

  /// A client of the node that runs that service; nil when no peer does.
  func client(for service: ServiceName) -> RPCClient? {
    clients.first { $0.peer.services.contains(service) }.map { RPCClient($0.transport) }
  }

  func close() async {
    for (_, transport) in clients { await transport.close() }
  }
}

extension NodeParts {
  /// What happened in a service, wherever it runs; nil when neither this node nor a peer does.
  func source(_ service: ServiceName) -> AnyEventSource? {
    if let journal = journals[service] { return AnyEventSource(journal) }
    return peers.client(for: service).map { client in
      AnyEventSource(
        RemoteJournal(
          name: service.rawValue, feed: JournalServiceClient(client), clock: environment.clock))
    }
  }

  /// Takes calls for services that run elsewhere on to where they run, so that a caller may talk
  /// to any node.
  mutating func forward() {
    for service in ServiceName.allCases where !config.services.contains(service) {
      guard let client = peers.client(for: service) else { continue }
      switch service {
      case .order: router.register(OrderServiceClient(client))
      case .payment: router.register(PaymentServiceClient(client))
      case .store: router.register(StoreServiceClient(client))
      case .delivery: router.register(DeliveryServiceClient(client))
      case .dashboard: router.register(DashboardServiceClient(client))
      }
    }
  }
}
