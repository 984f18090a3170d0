import NIOCore
import NIOPosix
import Services
import Transport

/// The other nodes that this one calls: a client for each, which connects when it is first needed.
struct NodePeers {
  private let clients: [(peer: NodeConfig.Peer, transport: TCPClient)]

  init(_ config: NodeConfig, tls: ClientTLS?, group: MultiThreadedEventLoopGroup) {
    clients = config.peers.map { peer in
      var configuration = ClientConfiguration()
      configuration.node = config.nodeName
      configuration.tls = tls
      configuration.credentials = ClientCredentials(
        principal: Principal(role: "service", id: config.nodeName),
        token: config.access.operatorToken.map { Array($0.reveal().utf8) } ?? [])
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
  /// to any node. What another node has passed on already is refused: two that each take the other
  /// for the owner would hand it to and fro.
  mutating func forward() {
    let own = Set(router.methods)
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
    let node = config.nodeName
    for method in router.methods where !own.contains(method) {
      router.check(method) { (context) throws(RPCError) in
        guard context.metadata.onBehalfOf != nil else { return }
        throw RPCError(
          code: .failedPrecondition,
          message: "\(context.peer.node) passed \(method) on to \(node), which does not run it",
          unprocessed: true)
      }
    }
  }
}
