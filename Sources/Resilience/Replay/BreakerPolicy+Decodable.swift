extension BreakerPolicy: Decodable {
  /// Fields that are not named keep their default. The result is valid.
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(
      decoder,
      known: [
        "window", "minimum_calls", "failure_rate", "slow_calls", "open_wait", "probes", "lease_ms",
      ])
    self.init()
    if let window = try fields.optional("window", as: Window.self) { self.window = window }
    if let calls = try fields.optional("minimum_calls", as: Int.self) { minimumCalls = calls }
    if let rate = try fields.optional("failure_rate", as: Double.self) { failureRate = rate }
    slowCalls = try fields.optional("slow_calls")
    if let wait = try fields.optional("open_wait", as: BreakerBackOff.self) { openWait = wait }
    if let probes = try fields.optional("probes", as: Int.self) { self.probes = probes }
    if let lease = try fields.duration("lease_ms") { self.lease = lease }
    do throws(PolicyError) {
      try validate()
    } catch {
      throw fields.error(error.field, error.problem)
    }
  }
}

extension BreakerPolicy.Window: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(decoder, known: ["calls", "length_ms", "buckets"])
    let calls = try fields.optional("calls", as: Int.self)
    let length = try fields.duration("length_ms")
    switch (calls, length) {
    case (let calls?, nil): self = .count(calls: calls)
    case (nil, let length?):
      self = .time(length: length, buckets: try fields.optional("buckets") ?? 20)
    default: throw fields.error("calls", "give either calls or length_ms")
    }
  }
}

extension BreakerPolicy.SlowCalls: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(decoder, known: ["over_ms", "rate"])
    self.init(
      duration: .milliseconds(try fields.required("over_ms", as: Int64.self)),
      rate: try fields.required("rate"))
  }
}

extension BreakerBackOff: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try StrictFields(
      decoder, known: ["initial_ms", "multiplier", "maximum_ms", "jitter"])
    self.init()
    if let initial = try fields.duration("initial_ms") { self.initial = initial }
    if let multiplier = try fields.optional("multiplier", as: Double.self) {
      self.multiplier = multiplier
    }
    maximum = try fields.duration("maximum_ms") ?? max(maximum, initial)
    if let jitter = try fields.optional("jitter", as: Double.self) { self.jitter = jitter }
  }
}
