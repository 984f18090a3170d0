extension Setting {
  static let health: [Setting] = [
    .text(
      "http.address", \.http.address, .optionalAddress,
      "Where probes (/livez, /readyz, /startupz) and the node's signals (/metrics, /signals/…) are "
        + "answered over HTTP; empty for nowhere."),
    .text(
      "http.insecure", \.http.insecure, .insecureHTTP,
      "Needed to answer over HTTP beyond this machine: it speaks plain, and asks nobody who they "
        + "are."),
    .integer(
      "readiness.lag_events_max", \.readiness.lagEventsMax, 0...1_000_000_000,
      "After a start a service is not ready until its views and subscriptions have come so near "
        + "to the journals of this node that they follow."
    ).live,
    .integer(
      "readiness.disk_free_mb_min", \.readiness.diskFreeMBMin, 0...1_000_000_000,
      "With less room in the data directory the node is not ready."
    ).live,
    .time(
      "watchdog.timeout_s", \.watchdog.timeout, in: .seconds, 0.1...3600,
      "An event loop, journal writer or pool that does not answer for so long is stuck, and the "
        + "node is not alive."),
    .time(
      "watchdog.grace_s", \.watchdog.grace, in: .seconds, 0...3600,
      "A node that is stuck for so much longer ends itself with exit code 70."),
    .choice(
      "watchdog.fault", \.watchdog.fault, "Blocks something, for tests of the watchdog."
    ).hidden,
    .time(
      "supervisor.stall_timeout_s", \.supervisor.stallTimeout, in: .seconds, 0.1...86_400,
      "Background work that is at one and the same thing for so long is replaced; but it is given "
        + "10 s more than two calls of payment may take."),
    .integer(
      "supervisor.restarts_max", \.supervisor.restartsMax, 0...1_000_000,
      "Restarts of one piece of background work within the window; one more ends the node, "
        + "unless the work depends on another node."),
    .time(
      "supervisor.window_s", \.supervisor.window, in: .seconds, 1...86_400,
      "The window in which restarts are counted."),
  ]
}
