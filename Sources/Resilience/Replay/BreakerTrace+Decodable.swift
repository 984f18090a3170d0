extension BreakerTrace: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(
      decoder, known: ["name", "source", "policy", "seed", "inputs"])
    name = try fields.optional("name") ?? ""
    source = try fields.optional("source") ?? ""
    policy = try fields.required("policy")
    seed = try fields.optional("seed") ?? 1
    inputs = try fields.required("inputs")
    guard inputs.count <= Self.inputsMax else {
      throw fields.error("inputs", "\(inputs.count) of them, at most \(Self.inputsMax)")
    }
    var calls = 0
    var latestMs: Int64 = 0
    for (index, input) in inputs.enumerated() {
      guard input.atMs >= latestMs else {
        throw fields.error(
          "inputs[\(index)].at_ms", "\(input.atMs) is before \(latestMs) of the line above")
      }
      latestMs = input.atMs
      if case .calls(_, _, let times) = input.action { calls += times }
      guard calls <= Self.callsMax else {
        throw fields.error("inputs[\(index)].times", "more than \(Self.callsMax) calls in all")
      }
    }
  }
}

extension BreakerTrace.Input: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(
      decoder, known: ["at_ms", "call", "took_ms", "times", "command", "look", "expect"])
    atMs = try fields.required("at_ms")
    try Self.check(atMs, "at_ms", fields)
    expected = try fields.optional("expect") ?? BreakerTrace.Expectation()
    let call = try fields.optional("call", as: String.self)
    let command = try fields.optional("command", as: String.self)
    switch (call, command, fields.has("look")) {
    case (let call?, nil, false): action = try Self.calls(call, fields)
    case (nil, let name?, false):
      guard let command = BreakerCommand(rawValue: name) else {
        let all = BreakerCommand.allCases.map(\.rawValue).joined(separator: ", ")
        throw fields.error("command", "'\(name)' is not one of \(all)")
      }
      action = .command(command)
    case (nil, nil, true): action = .look
    default: throw fields.error("call", "give one of call, command and look")
    }
  }

  private static func calls(
    _ ending: String, _ fields: StrictFields
  ) throws -> BreakerTrace.Action {
    let tookMs: Int64 = try fields.optional("took_ms") ?? 0
    try check(tookMs, "took_ms", fields)
    let times = try fields.optional("times") ?? 1
    guard (1...BreakerTrace.callsMax).contains(times) else {
      throw fields.error("times", "\(times) is not between 1 and \(BreakerTrace.callsMax)")
    }
    if let outcome = CallOutcome(rawValue: ending) {
      return .calls(.reports(outcome), tookMs: tookMs, times: times)
    }
    switch ending {
    case "dropped": return .calls(.drops, tookMs: tookMs, times: times)
    case "never": return .calls(.never, tookMs: 0, times: times)
    default:
      let all = CallOutcome.allCases.map(\.rawValue) + ["dropped", "never"]
      throw fields.error("call", "'\(ending)' is not one of \(all.joined(separator: ", "))")
    }
  }

  private static func check(_ ms: Int64, _ name: String, _ fields: StrictFields) throws {
    guard (0...BreakerTrace.msMax).contains(ms) else {
      throw fields.error(name, "\(ms) is not between 0 and \(BreakerTrace.msMax)")
    }
  }
}

extension BreakerTrace.Expectation: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(decoder, known: ["decision", "state", "failure_rate"])
    self.init(
      decision: try fields.optional("decision"), state: try fields.optional("state"),
      failureRate: try fields.optional("failure_rate"))
    if let decision, decision != "permitted", decision != "rejected" {
      throw fields.error("decision", "'\(decision)' is neither permitted nor rejected")
    }
  }
}
