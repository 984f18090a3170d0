import Transport

extension Setting {
  /// How calls are spread where several replicas run a service.
  static let balance: [Setting] = [
    .time(
      "balance.resolve_interval_s", \.balance.resolveInterval, in: .seconds, 1...86_400,
      "How often the names of peers that may have several replicas are looked up; sooner when a "
        + "connection fails."),
    .integer(
      "balance.eject_failures", \.balance.consecutiveFailures, 1...1000,
      "A replica that fails so many calls in a row is left out for a while."),
    .integer(
      "balance.eject_failure_percent", \.balance.failurePercent, 1...100,
      "So does one that fails so many of 100 calls, of 20 or more in 10 s."),
    .time(
      "balance.ejection_s", \.balance.ejection, in: .seconds, 1...120,
      "How long it is left out the first time; doubles up to 120 s."),
    .integer(
      "balance.ejected_percent_max", \.balance.ejectedPercentMax, 0...100,
      "Never more of 100 replicas are left out."),
    .integer(
      "balance.retry_percent", \.balance.retryPercent, 0...100,
      "Of 100 calls, so many may go to another replica when one refuses them."),
  ]
}
