import Logging
import Transport

extension Setting {
  /// Every setting there is, in the order in which they are printed.
  package static let all: [Setting] =
    node + tls + balance + journal + poolSettings + overload + limits + deadlines + payment
    + paymentHTTP + health + rest

  /// The setting of that name.
  package static func named(_ key: String) -> Setting? { byKey[key] }

  private static let byKey = Dictionary(
    all.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })

  private static let node: [Setting] = [
    .text("node.name", \.nodeName, .name, "Told to callers, in logs and to operators."),
    .choices("node.services", \.services, "The services this node runs."),
    .integer(
      "node.event_loops", \.eventLoops, 0...256,
      "Threads for connections and service actors; 0 is one for each core."),
    .text("listen.host", \.listenHost, .host, "Address that the protocol is served on."),
    .integer("listen.port", \.listenPort, 0...65_535, "Its port; 0 takes any free one."),
    .text(
      "listen.insecure", \.listenInsecure, .insecure,
      "Needed to listen beyond this machine without TLS, or without proof of who calls."),
    .text(
      "data.directory", \.dataDirectory, .path,
      "Journals and views; made if missing, relative to the working directory."),
    .text(
      "access.operator_token_file", \.access.operatorTokenFile, .optionalPath,
      "File with the token that operators, and nodes that call this one, must show; empty "
        + "believes everyone. "
        + "BAEDAL_ACCESS_OPERATOR_TOKEN gives the token itself."),
    .text(
      "access.token_keys_file", \.access.tokenKeysFile, .optionalPath,
      "JSON Web Key Set with the public keys that callers' tokens are believed by; empty believes "
        + "what callers say of themselves."
    ).live,
    .integer(
      "access.calls_per_second", \.access.callsPerSecond, 0...1_000_000,
      "Calls of one customer, store or rider; 0 is no limit."
    ).live,
    .integer(
      "access.calls_burst", \.access.callsBurst, 1...1_000_000,
      "Of those, so many at once."
    ).live,
    .integer(
      "access.connections_per_second", \.access.connectionsPerSecond, 0...1_000_000,
      "New connections from one address; 0 is no limit."
    ).live,
    .integer(
      "access.connections_burst", \.access.connectionsBurst, 1...1_000_000,
      "Of those, so many at once."
    ).live,
  ]

  private static let journal: [Setting] = [
    .integer(
      "journal.partitions", \.journal.partitions, 1...1024,
      "Partitions of each journal; fixed when the journal is made."),
    .integer(
      "journal.queue_max", \.journal.queueMax, 1...1_000_000,
      "Appends that may wait for the writer; one more is refused."),
    .integer(
      "journal.batch_max", \.journal.batchMax, 1...100_000, "Appends that share one fsync at most."),
    .text("journal.vfs", \.journal.vfs, .any, "SQLite's file system, for fault injection.").hidden,
    .integer(
      "journal.syncs_commits", \.journal.syncsCommits, 0...1,
      "0 breaks the promise that what was answered is on disk; for tests of tests."
    ).hidden,
  ]

  private static let poolSettings: [Setting] =
    ServiceName.allCases.flatMap(pool)

  private static func pool(_ service: ServiceName) -> [Setting] {
    let name = service.rawValue
    return [
      .integer(
        "pools.\(name).replicas_min", \.pools[service: service].replicasMin, 1...256,
        "The fewest replicas of \(name)."
      ).live,
      .integer(
        "pools.\(name).replicas_max", \.pools[service: service].replicasMax, 1...256,
        "The most replicas of \(name)."
      ).live,
      .integer(
        "pools.\(name).target_percent", \.pools[service: service].targetPercent, 1...100,
        "Of 100 places of a replica of \(name), so many should be taken, and of those that are not "
          + "reserved three quarters at most; more and it grows."
      ).live,
      .integer(
        "pools.\(name).mailbox_max", \.pools[service: service].mailboxMax, 1...1_000_000,
        "Calls to \(name) that may wait; one more is refused."),
      .integer(
        "pools.\(name).capacity_per_replica", \.pools[service: service].capacityPerReplica,
        1...100_000,
        "Commands that one replica of \(name) works on at once."),
    ]
  }

  private static let overload: [Setting] = [
    .time(
      "autoscale.evaluation_ms", \.autoscale.evaluation, in: .milliseconds, 100...60_000,
      "How often the replicas of a pool are decided; sooner where calls wait or are refused."
    ).live,
    .time(
      "autoscale.down_window_s", \.autoscale.downWindow, in: .seconds, 1...360,
      "So long has less load to last before replicas go."
    ).live,
    .integer(
      "overload.reserved_percent", \.overload.reservedPercent, 0...90,
      "Of 100 places of a pool, those kept for cancellations, refunds, operators and orders that "
        + "are paid."),
    .time(
      "overload.queue_target_ms", \.overload.queueTarget, in: .milliseconds, 1...60_000,
      "New orders and questions that wait longer are refused, bursts aside."),
    .time(
      "overload.queue_interval_ms", \.overload.queueInterval, in: .milliseconds, 1...600_000,
      "A queue that does not empty for so long is no burst; none of those in it waits longer."),
  ]

  private static let limits: [Setting] = [
    .integer(
      "limits.frame_bytes_max", \.limits.connection.frameBytesMax, 1024...67_108_864,
      "Length of one frame."
    ).live,
    .integer(
      "limits.calls_in_flight_max", \.limits.connection.callsInFlightMax, 1...1_000_000,
      "Calls at once on one connection."
    ).live,
    .integer(
      "limits.metadata_bytes_max", \.limits.connection.metadataBytesMax, 1...1_048_576,
      "Metadata of one call."
    ).live,
    .integer(
      "limits.stream_credit_max", \.limits.connection.streamCreditMax, 1...1_000_000,
      "Messages granted on one stream and not yet sent."
    ).live,
    .integer(
      "limits.connections_max", \.limits.connectionsMax, 1...1_000_000, "Open connections."
    ).live,
    .integer(
      "limits.half_open_connections_max", \.limits.halfOpenConnectionsMax, 1...1_000_000,
      "Open connections that have not said hello."
    ).live,
    .time(
      "limits.hello_timeout_ms", \.limits.helloTimeout, in: .milliseconds, 1...600_000,
      "From accept to a complete hello."
    ).live,
    .time(
      "limits.frame_timeout_ms", \.limits.frameTimeout, in: .milliseconds, 1...600_000,
      "From the first byte of a frame to its last."
    ).live,
    .time(
      "limits.idle_timeout_s", \.limits.idleTimeout, in: .seconds, 1...86_400,
      "A connection without a call for so long is closed."
    ).live,
    .time(
      "limits.keepalive_interval_s", \.limits.keepaliveInterval, in: .seconds, 1...86_400,
      "Nothing received for so long: a ping is sent."
    ).live,
    .time(
      "limits.keepalive_timeout_s", \.limits.keepaliveTimeout, in: .seconds, 1...3600,
      "Nothing received for so long after the ping: the connection is closed."
    ).live,
    .integer(
      "limits.outbound_bytes_high", \.limits.outboundBytesHigh, 4096...1_073_741_824,
      "Unsent bytes of one connection at which it is no longer read, and what was read waits. One "
        + "that then takes too little in the times of keepalive is closed."),
    .integer(
      "limits.outbound_bytes_max", \.limits.outboundBytesMax, 4096...1_073_741_824,
      "Unsent bytes of one connection at which it is closed."
    ).live,
    .integer(
      "limits.request_bytes_max", \.limits.requestBytesMax, 1_048_576...68_719_476_736,
      "Request bytes held at once for all connections together; as many again for unfinished frames, "
        + "of each what is beyond 64 KiB."),
    .integer(
      "limits.unsent_bytes_max", \.limits.unsentBytesMax, 1_048_576...68_719_476_736,
      "Unsent bytes held at once for all connections together, of each those beyond "
        + "outbound_bytes_high. Beyond that, a connection that adds to them while its client takes "
        + "nothing is closed."),
  ]

  private static let payment: [Setting] = [
    .time(
      "payment.call_timeout_ms", \.payment.callTimeout, in: .milliseconds, 1...120_000,
      "After so long the outcome of a charge counts as unknown."),
    .choice("payment.provider", \.payment.provider, "Who takes the money."),
    .time(
      "payment.breaker.window_s", \.payment.breaker.window, in: .seconds, 1...3600,
      "The charges of this long are looked at."
    ).live,
    .integer(
      "payment.breaker.minimum_calls", \.payment.breaker.minimumCalls, 1...1_000_000,
      "Below so many charges in the window nothing is concluded."
    ).live,
    .integer(
      "payment.breaker.failure_percent", \.payment.breaker.failurePercent, 1...100,
      "Opens when so many of 100 charges fail."
    ).live,
    .time(
      "payment.breaker.slow_call_ms", \.payment.breaker.slowCall, in: .milliseconds, 1...600_000,
      "A charge that takes longer is slow."
    ).live,
    .integer(
      "payment.breaker.slow_percent", \.payment.breaker.slowPercent, 1...100,
      "Opens when so many of 100 charges are slow."
    ).live,
    .time(
      "payment.breaker.open_wait_ms", \.payment.breaker.openWait, in: .milliseconds, 1...3_600_000,
      "Stays open for so long, doubling with each trial that fails."
    ).live,
    .time(
      "payment.breaker.open_wait_max_s", \.payment.breaker.openWaitMax, in: .seconds, 1...86_400,
      "Stays open no longer than this."
    ).live,
    .integer(
      "payment.breaker.probes", \.payment.breaker.probes, 1...1000,
      "So many charges try it out before it closes."
    ).live,
    .integer(
      "payment.bulkhead.concurrent", \.payment.bulkhead.concurrent, 1...100_000,
      "Charges under way at once."
    ).live,
    .integer(
      "payment.bulkhead.queued", \.payment.bulkhead.queued, 0...100_000,
      "Charges that may wait for their turn; one more is parked."
    ).live,
    .time(
      "payment.bulkhead.queue_timeout_ms", \.payment.bulkhead.queueTimeout, in: .milliseconds,
      1...600_000, "A charge that waits longer is parked."
    ).live,
    .integer(
      "payment.retry_percent", \.payment.retryPercent, 0...100,
      "Of 100 charges, so many may be sent again where that cannot charge twice."
    ).live,
    .integer(
      "payment.drain.per_second", \.payment.drain.perSecond, 0...100_000,
      "Parked orders paid in a second once payment is well again; 0 leaves it to the customers."
    ).live,
    .integer(
      "payment.drain.concurrent", \.payment.drain.concurrent, 1...10_000,
      "Parked orders paid at once."
    ).live,
    .time(
      "payment.drain.interval_ms", \.payment.drain.interval, in: .milliseconds, 10...3_600_000,
      "How often parked orders are looked for."
    ).live,
    .time(
      "payment.simulator.latency_ms", \.payment.simulator.latency, in: .milliseconds, 0...600_000,
      "How long a charge takes."
    ).live,
    .integer(
      "payment.simulator.capacity", \.payment.simulator.capacity, 0...1_000_000,
      "Charges at once."
    ).live,
    .integer(
      "payment.simulator.queue", \.payment.simulator.queue, 0...100_000,
      "Charges beyond those that wait for a place; more are refused."
    ).live,
    .integer(
      "payment.simulator.decline_per_mille", \.payment.simulator.declinePerMille, 0...1000,
      "Of 1000 charges, so many are declined."
    ).live,
    .integer(
      "payment.simulator.unknown_per_mille", \.payment.simulator.unknownPerMille, 0...1000,
      "Of 1000 charges, so many lose their answer; half of those have charged."
    ).live,
    .integer(
      "payment.simulator.seed", \.payment.simulator.seed, 0...Int.max,
      "Starts its generator of chance."),
  ]

  private static let paymentHTTP: [Setting] = [
    .text(
      "payment.http.url", \.payment.http.url, .optionalHTTPS,
      "Where the provider's API begins, such as https://api.tosspayments.com."),
    .text(
      "payment.http.secret_file", \.payment.http.secretFile, .optionalPath,
      "File with the shop's secret key. BAEDAL_PAYMENT_HTTP_SECRET gives the key itself."),
    .text(
      "payment.http.ca_file", \.payment.http.caFile, .optionalPath,
      "PEM file of the authorities to trust instead of the system's."),
    .time(
      "payment.http.connect_timeout_ms", \.payment.http.connectTimeout, in: .milliseconds,
      1...60_000, "For a connection to the provider, TLS included."),
    .integer(
      "payment.http.connections", \.payment.http.connections, 1...10_000,
      "Connections to the provider, and so requests, at once."),
    .time(
      "payment.http.not_found_final_s", \.payment.http.notFoundFinal, in: .seconds, 0...86_400,
      "So long after an attempt that the provider does not know, it counts as never arrived."),
  ]

  private static let rest: [Setting] = [
    .integer(
      "signals.enabled", \.signals.enabled, 0...1,
      "0 measures nothing beyond what pools follow; for measuring what signals cost."
    ).hidden,
    .choice("log.level", \.log.level, "The least that is logged.").live,
    .choice("log.format", \.log.format, "text for people, json for programs."),
    .time(
      "drain.timeout_s", \.drainTimeout, in: .seconds, 0...3600,
      "From SIGTERM until whatever has not finished is cut off."
    ).live,
    .time(
      "reload.interval_s", \.reloadInterval, in: .seconds, 0...86_400,
      "How often the file, and those that it names, are looked at for changes; 0: on SIGHUP only."
    ).live,
  ]
}
