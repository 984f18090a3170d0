extension BehaviorFact {
  /// A row of `behavior`.
  init(_ fields: FactFields) throws {
    let word: String = try fields.optional("selectPolicy") ?? ScalingRules.Selection.most.rawValue
    guard let selection = ScalingRules.Selection.allCases.first(where: { $0.rawValue == word })
    else {
      let all = ScalingRules.Selection.allCases.map(\.rawValue).joined(separator: ", ")
      throw fields.error("selectPolicy", "'\(word)' is not one of \(all)")
    }
    let current = try fields.count("current")
    let desired = try fields.count("desired")
    self.init(
      name: try fields.optional("name") ?? "from \(current) to \(desired)", current: current,
      desired: desired,
      behavior: ScalingBehavior(
        up: try Self.rules("scaleUpPolicies", .defaultUp, selection, fields),
        down: try Self.rules("scaleDownPolicies", .defaultDown, selection, fields),
        minimum: try fields.count("min"), maximum: try fields.count("max")),
      history: ScaleHistory(
        ups: try Self.events("scaleUpEvents", fields),
        downs: try Self.events("scaleDownEvents", fields)),
      resultExpected: try fields.count("result"), reason: try fields.optional("reason"))
  }

  private static func rules(
    _ name: String, _ standard: ScalingRules, _ selection: ScalingRules.Selection,
    _ fields: FactFields
  ) throws -> ScalingRules {
    var rules = standard
    rules.selection = selection
    guard fields.has(name) else { return rules }
    if fields.isText(name) {
      guard try fields.required(name, as: String.self) == "default" else {
        throw fields.error(name, "is neither 'default' nor a list of policies")
      }
      return rules
    }
    let policies = try fields.list(name) { policy in
      let value = try policy.count("value")
      let period = try policy.seconds("periodSeconds")
      let type: String = try policy.required("type")
      switch type {
      case "Pods": return ScalingRules.Policy(.replicas(value), per: period)
      case "Percent": return ScalingRules.Policy(.percent(value), per: period)
      default: throw policy.error("type", "'\(type)' is neither Pods nor Percent")
      }
    }
    if !policies.isEmpty { rules.policies = policies }
    return rules
  }

  private static func events(_ name: String, _ fields: FactFields) throws -> [ScaleEvent] {
    guard fields.has(name) else { return [] }
    return try fields.list(name) { event in
      ScaleEvent(change: try event.count("change"), at: try event.age("ageSeconds"))
    }
  }
}

extension StabilizationFact {
  /// A row of `stabilization`.
  init(_ fields: FactFields) throws {
    let current = try fields.count("current")
    let desired = try fields.count("desired")
    self.init(
      name: try fields.optional("name") ?? "from \(current) to \(desired)", current: current,
      desired: desired,
      recommendations: Recommendations(
        try fields.list("recommendations") { entry in
          Recommendations.Entry(
            replicas: try entry.count("replicas"), at: try entry.age("ageSeconds"))
        }), up: try fields.seconds("scaleUpWindowSeconds"),
      down: try fields.seconds("scaleDownWindowSeconds"), resultExpected: try fields.count("result")
    )
  }
}

extension PanicFact {
  /// A row of `knativePodAutoscaler`.
  init(_ fields: FactFields) throws {
    let mostInPanic = try fields.optionalCount("inPanicWithMaxPods")
    let ready = try fields.count("readyPods")
    let stable = try Self.demand("stableValue", fields)
    let panic = try Self.demand("panicValue", fields)
    let policy = PanicScaler.Policy(
      target: try fields.positive("target"), threshold: try fields.positive("panicThreshold"),
      maxScaleUpRate: try fields.positive("maxScaleUpRate"),
      maxScaleDownRate: try fields.positive("maxScaleDownRate"),
      activationScale: try fields.optionalCount("activationScale") ?? 1)
    self.init(
      name: try fields.optional("name")
        ?? "\(ready) ready, \(Self.words(stable)) stable, \(Self.words(panic)) panic",
      scaler: PanicScaler(
        policy, panicSince: mostInPanic == nil ? nil : .oracleNow, mostInPanic: mostInPanic ?? 0),
      stable: stable, panic: panic, ready: ready,
      reachable: try fields.optional("reachable") ?? true,
      desired: try fields.optionalCount("desired"))
  }

  private static func demand(_ name: String, _ fields: FactFields) throws -> Double? {
    try fields.optional(name).map { try fields.limited(name, $0, 0...1e15) }
  }

  private static func words(_ demand: Double?) -> String { demand.map(\.short) ?? "unknown" }
}
