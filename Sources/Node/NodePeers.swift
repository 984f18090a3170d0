import NIOCore
import NIOPosix
import Services
import Transport

/// The other nodes that this one calls: a client for each service, which connects when it is first
/// needed, and chooses a replica for each call where there may be several.
struct NodePeers {
  private var clients: [ServiceName: any ClientTransport] = [:]
  /// Those that choose, by the services they reach.
  private(set) var balanced: [ServiceName: BalancedClient] = [:]
  /// Each once, for closing.
  private var transports: [any ClientTransport] = []

  init(_ config: NodeConfig, tls: ClientTLS?, group: MultiThreadedEventLoopGroup) {
    var configuration = ClientConfiguration()
    configuration.node = config.nodeName
    configuration.tls = tls
    configuration.credentials = ClientCredentials(
      principal: Principal(role: "service", id: config.nodeName),
      token: config.access.operatorToken.map { Array($0.reveal().utf8) } ?? [])
    var single: [ReplicaAddress: TCPClient] = [:]
    let connect: BalancedClient.Connect = { [configuration] address in
      TCPClient(
        host: address.host, port: address.port, name: address.name, configuration: configuration,
        group: group)
    }
    for service in ServiceName.allCases {
      var addresses: [ReplicaAddress] = []
      for peer in config.peers where peer.services.contains(service) {
        addresses += peer.addresses
      }
      guard let first = addresses.first else { continue }
      // A name of what has one owner stands for that one, wherever it is when it is connected to.
      guard addresses.count > 1 || (service.mayRunOften && first.isName) else {
        let client =
          single[first]
          ?? TCPClient(
            host: first.host, port: first.port, configuration: configuration, group: group)
        if single.updateValue(client, forKey: first) == nil { transports.append(client) }
        clients[service] = client
        continue
      }
      let client = BalancedClient(
        service: service.wireName, endpoints: addresses, keys: CallKeys.services,
        policy: config.balance, configuration: configuration, connect: connect)
      clients[service] = client
      balanced[service] = client
      transports.append(client)
    }
  }

  /// A client of the nodes that run that service; nil when no peer does.
  func client(for service: ServiceName) -> RPCClient? {
    clients[service].map { RPCClient($0) }
  }

  func close() async {
    for transport in transports { await transport.close() }
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

  /// Keeps an eye on the replicas of what runs more than once elsewhere.
  mutating func watchReplicas() {
    for (service, client) in peers.balanced.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      background.add("replicas of \(service)") { _ in try await client.run() }
    }
  }

  /// Takes calls for services that run elsewhere on to where they run, so that a caller may talk
  /// to any node. A call that comes back to where it has been is refused by `CallPath`: two nodes
  /// that each take the other for the owner would hand it to and fro.
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
