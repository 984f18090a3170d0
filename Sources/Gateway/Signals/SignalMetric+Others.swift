import Messages

extension SignalMetric {
  /// Every state that a circuit breaker can be in, as a label says it.
  private static let breakerStates = [
    "closed", "open", "half-open", "forced-open", "forced-closed", "disabled",
  ]

  static let dependencies: [SignalMetric] = [
    SignalMetric(
      prefix + "dependency_breaker_state", .gauge, "1 for the state its circuit breaker is in."
    ) { signals in
      signals.dependencies.flatMap { dependency in
        breakerStates.map { state in
          SignalSample(
            ["dependency": dependency.dependency, "state": state],
            SignalNumber(state == dependency.state ? 1 : 0))
        }
      }
    },
    dependency("under_way", .gauge, "Calls under way.") { SignalNumber($0.underWay) },
    dependency("waiting", .gauge, "Calls that wait for their turn.") { SignalNumber($0.waiting) },
    dependency(
      "refused_total", .counter, "Calls that the breaker or the bulkhead refused."
    ) { SignalNumber($0.refused) },
  ]

  static let subscriptions: [SignalMetric] = [
    SignalMetric(
      prefix + "subscription_lag_events", .gauge, "Events that the subscriber has not dealt with."
    ) { signals in
      signals.subscriptions.map { SignalSample($0.labels, SignalNumber($0.lagEvents)) }
    },
    SignalMetric(
      prefix + "subscription_lag_seconds", .gauge, "Age of the oldest of them that is known."
    ) { signals in
      signals.subscriptions.map { SignalSample($0.labels, SignalNumber($0.lagMs, .thousandths)) }
    },
  ]

  static let journals: [SignalMetric] = [
    SignalMetric(
      prefix + "journal_waiting", .gauge, "Appends that wait for the journal's writer."
    ) { signals in
      signals.journals.map { SignalSample(["journal": $0.journal], SignalNumber($0.waiting)) }
    },
    SignalMetric(
      prefix + "journal_commits_total", .counter, "Transactions that were committed."
    ) { signals in
      signals.journals.map { SignalSample(["journal": $0.journal], SignalNumber($0.commits)) }
    },
    SignalMetric(
      prefix + "journal_commit_seconds", .summary,
      "From the begin of a transaction to the end of its COMMIT, over the last seconds."
    ) { signals in
      signals.journals.flatMap { $0.commit?.samples("journal", $0.journal) ?? [] }
    },
  ]

  static let loops: [SignalMetric] = [
    SignalMetric(
      prefix + "event_loop_delay_seconds", .summary,
      "How late a task scheduled on the event loop runs, over the last seconds."
    ) { signals in
      signals.loops.flatMap { $0.delay?.samples("loop", "\($0.loop)") ?? [] }
    }
  ]

  private static func dependency(
    _ name: String, _ kind: Kind, _ help: String,
    _ value: @escaping @Sendable (DependencySignals) -> SignalNumber
  ) -> SignalMetric {
    SignalMetric(prefix + "dependency_" + name, kind, help) { signals in
      signals.dependencies.map { SignalSample(["dependency": $0.dependency], value($0)) }
    }
  }
}

extension SubscriptionSignals {
  fileprivate var labels: KeyValuePairs<String, String> {
    ["subscriber": subscriber, "source": source]
  }
}
