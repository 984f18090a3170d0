import Credentials
import Gateway
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Transport
import UnixSignals

/// Runs a node until it is told to stop (SIGTERM or SIGINT) and has drained.
///
/// Throws when it cannot start, or when some part cannot go on; then the process should end with
/// another status than 0.
///
/// - Parameter source: where the configuration is read again while the node runs.
package func runNode(_ config: NodeConfig, reloadingFrom source: ReloadSource) async throws {
  // From here on SIGHUP means to reload, not to end.
  let hangUps = await UnixSignalsSequence(trapping: .sighup)
  let level = LogLevel(config.log.level)
  let log = NodeLog.logger(config, level: level)
  let health = NodeHealth()
  let signals = LateSignals()
  let reload = { (parts: [ReloadPart], live: LiveConfig) in
    NodeReload(
      source: source,
      parts: [ReloadPart(keys: "log.level") { level.replace($0.log.level) }] + parts,
      live: live, signals: hangUps, log: log)
  }
  guard let http = HTTPAddress(config.http.address) else {
    return try await runNode(config, health, signals, reload, log, http: nil)
  }
  // Open before the journals are, so that a start that takes long can be told from none; and until
  // the end of the drain, so that this can be told from a death.
  var routes = GatewayRoutes()
  routes.probes(health)
  routes.signals(SignalFaces(signals, libraries: .shared))
  let gateway = GatewayServer(host: http.host, port: http.port, routes: routes, log: log)
  try await gateway.serving { address in
    try await runNode(config, health, signals, reload, log, http: address)
  }
}

private func runNode(
  _ config: NodeConfig, _ health: NodeHealth, _ signals: LateSignals,
  _ reload: ([ReloadPart], LiveConfig) -> NodeReload, _ log: Logger, http: SocketAddress?
) async throws {
  let threads = config.eventLoops == 0 ? System.coreCount : config.eventLoops
  let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
  let watchdog = Watchdog(config.watchdog, health: health, log: log)
  watchdog.watch(group)
  watchdog.start()
  defer { watchdog.stop() }
  let tls = try NodeTLS(config.tls)
  let warn: @Sendable ([String]) -> Void = { warnings in
    for text in warnings {
      log.warning("certificate about to expire", metadata: ["certificate": "\(text)"])
    }
  }
  warn(NodeTLS.warnings(config.tls, now: NodeTLS.systemSeconds()))
  let keys = try await TokenKeys(config.access)
  let parts = try await NodeParts(config, tls: tls, group: group, health: health, log: log)
  parts.watch(by: watchdog)
  signals.begin(parts.signals)
  let access = NodeAccess(config, keys: keys)
  var server = ServerConfiguration(authenticate: access.authenticate)
  server.verify = access.verify
  server.limits = config.limits
  server.node = config.nodeName
  server.tls = tls.server
  let connections = RateLimiter<String>(.connections(config.access))
  server.admit = connections.refusal
  let soon = { @Sendable (work: @escaping @Sendable () -> Void) in
    _ = group.next().scheduleTask(in: .seconds(1), work)
  }
  let refusedConnections = RefusalLog(log, "connection refused", later: soon)
  let refusedCalls = RefusalLog(log, "call refused", later: soon)
  server.onRefusal = refusedConnections.note
  server.onFailure = refusedCalls.note
  let listener = TCPServer(
    host: config.listenHost, port: config.listenPort, router: parts.router,
    configuration: server, group: group)
  do {
    let address = try await listener.start()
    try config.checkExposure(of: address.ipAddress ?? "", in: "listen", line: nil)
    Greeting.show(config, port: address.port ?? config.listenPort, http: http)
    log.info("node started", metadata: ["node": "\(config.nodeName)", "address": "\(address)"])
    parts.cause(config.watchdog.fault)
    let own = [
      ReloadPart(keys: "access.connections_") { connections.replace(.connections($0.access)) },
      ReloadPart(keys: "limits.") { listener.replace(limits: $0.limits) },
      ReloadPart(keys: "access.token_keys_file", files: { [$0.access.tokenKeysFile] }) {
        try await TokenKeys.reload(keys, $0.access)
      },
      ReloadPart(keys: "tls.", files: { NodeTLS.files($0.tls) }) { warn(try tls.reload($0.tls)) },
    ]
    let services = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: parts.background, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(
            service: ReadinessChecks(parts.readiness, health: health),
            successTerminationBehavior: .gracefullyShutdownGroup),
          .init(
            service: Listener(server: listener, parts: parts, log: log),
            successTerminationBehavior: .gracefullyShutdownGroup),
          .init(
            service: reload(own + parts.reloads, parts.live),
            successTerminationBehavior: .gracefullyShutdownGroup),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
    try await services.run()
  } catch {
    await parts.close()
    throw error
  }
  await parts.close()
  refusedConnections.noteSkipped()
  refusedCalls.noteSkipped()
  log.info("node stopped", metadata: ["node": "\(config.nodeName)"])
}

/// The port, as a service that drains: not ready, go-away, finish what was accepted.
private struct Listener: ServiceLifecycle.Service, CustomStringConvertible {
  let server: TCPServer
  let parts: NodeParts
  let log: Logger

  /// The lifecycle logs its services by their texts; a reflected one takes a third of the start.
  var description: String { "listener" }

  func run() async throws {
    parts.health.enter(.serving)
    try await withGracefulShutdownHandler {
      try await withTaskCancellationHandler {
        try await server.run()
      } onCancel: {
        // Some other service could not go on.
        endAnyway(in: .zero)
      }
    } onGracefulShutdown: {
      log.info("draining", metadata: ["connections": "\(server.connectionCount)"])
      parts.health.enter(.draining)
      // Whoever watches hears of it before the connections are told to go.
      let timeout = parts.live.now.drainTimeout
      parts.group.next().scheduleTask(in: .milliseconds(20)) {
        server.startDraining(within: timeout)
      }
      endAnyway(in: timeout)
    }
  }

  /// A task that was left behind will not end, nor maybe let go what is to be closed: neither is
  /// waited for once background work has been told to end, in `time` at the latest, and has had
  /// its time to.
  private func endAnyway(in time: Duration) {
    let time = time + parts.background.policy.abandonTimeout + .seconds(1)
    parts.group.next().scheduleTask(in: .nanoseconds(time.wholeNanoseconds)) {
      guard parts.background.register.mayHang else { return }
      log.critical("background work does not end, so the node ends without it")
      _exit(Watchdog.exitCode)
    }
  }
}
