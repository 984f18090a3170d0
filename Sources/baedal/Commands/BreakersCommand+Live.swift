import ArgumentParser
import Messages
import Transport

extension BreakersCommand {
  /// The breakers of a running node.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The circuit breakers of a node, with their policies and what they counted.")
    @OptionGroup var options: ClientOptions

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          AdminServiceMethods.listBreakers, ListBreakersRequest())
        try options.print(answer, text: Render.breakers)
      }
    }
  }

  /// Names a breaker, as `breakers list` shows it.
  struct BreakerArguments: ParsableArguments {
    @OptionGroup var options: ClientOptions
    @Argument(help: "The dependency, such as payment.") var dependency = "payment"

    func operate(_ operation: BreakerOperation) async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          AdminServiceMethods.operateBreaker,
          OperateBreakerRequest(dependency: dependency, operation: operation))
        try options.print(answer) { Render.breaker($0.breaker) }
      }
    }
  }

  struct ForceOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuse every call until told otherwise.")
    @OptionGroup var breaker: BreakerArguments
    func run() async throws { try await breaker.operate(.forceOpen) }
  }

  struct ForceClosed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let every call pass, counted, until told otherwise.")
    @OptionGroup var breaker: BreakerArguments
    func run() async throws { try await breaker.operate(.forceClosed) }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let every call pass, not even counted, until told otherwise.")
    @OptionGroup var breaker: BreakerArguments
    func run() async throws { try await breaker.operate(.disable) }
  }

  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close it, forget what it counted, and let its policy decide again.")
    @OptionGroup var breaker: BreakerArguments
    func run() async throws { try await breaker.operate(.reset) }
  }

  struct Policy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a policy while the node runs; what is not named stays.",
      discussion: "The node's file stays as it is and holds again when the node starts anew.")
    @OptionGroup var breaker: BreakerArguments
    @Option(help: "The calls of this long are looked at.") var windowMs: UInt64?
    @Option(help: "Below so many calls nothing is concluded.") var minimumCalls: UInt32?
    @Option(help: "Opens when so many of 100 fail.") var failurePercent: UInt32?
    @Option(help: "A call that takes longer is slow.") var slowCallMs: UInt64?
    @Option(help: "Opens when so many of 100 are slow.") var slowPercent: UInt32?
    @Option(help: "Stays open for so long, doubling.") var openWaitMs: UInt64?
    @Option(help: "Stays open no longer than this.") var openWaitMaxMs: UInt64?
    @Option(help: "So many calls try it out.") var probes: UInt32?
    @Option(help: "Calls under way at once.") var concurrent: UInt32?
    @Option(help: "Calls that wait for their turn.") var queued: UInt32?
    @Option(help: "How long they wait.") var queueTimeoutMs: UInt64?
    @Option(help: "Of 100 calls, so many may be repeated.") var retryPercent: UInt32?

    func run() async throws {
      try await breaker.options.withClient(as: .cliOperator) { client in
        let all = try await client.call(AdminServiceMethods.listBreakers, ListBreakersRequest())
        // A dependency that is not there is the node's to refuse.
        let found = all.breakers.first { $0.dependency == breaker.dependency }
        let answer = try await client.call(
          AdminServiceMethods.setDependencyPolicy,
          SetDependencyPolicyRequest(
            dependency: breaker.dependency, policy: changed(found?.policy ?? DependencyPolicy())))
        try breaker.options.print(answer) { Render.breaker($0.breaker) }
      }
    }

    private func changed(_ policy: DependencyPolicy) -> DependencyPolicy {
      DependencyPolicy(
        windowMs: windowMs ?? policy.windowMs, minimumCalls: minimumCalls ?? policy.minimumCalls,
        failurePercent: failurePercent ?? policy.failurePercent,
        slowCallMs: slowCallMs ?? policy.slowCallMs,
        slowPercent: slowPercent ?? policy.slowPercent,
        openWaitMs: openWaitMs ?? policy.openWaitMs,
        openWaitMaxMs: openWaitMaxMs ?? policy.openWaitMaxMs, probes: probes ?? policy.probes,
        concurrent: concurrent ?? policy.concurrent, queued: queued ?? policy.queued,
        queueTimeoutMs: queueTimeoutMs ?? policy.queueTimeoutMs,
        retryPercent: retryPercent ?? policy.retryPercent)
    }
  }
}
