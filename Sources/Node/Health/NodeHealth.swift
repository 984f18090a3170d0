import Gateway
import Messages
import Synchronization
import Transport

/// How this node is: the one place where probes, the health service and operators are told from.
///
/// Liveness is what the watchdog has seen of this process alone. Readiness is that too, and what
/// the readiness checks have found. A service is well when the node is and nothing of its own is
/// amiss; what stands for no service of the platform (health itself, describe, the operators') is
/// well when the node is.
final class NodeHealth: ProbeSource {
  /// How far the node has come.
  enum Phase: Sendable {
    case starting
    case serving
    case draining
  }

  /// One thing that traffic depends on.
  struct Finding: Sendable, Hashable {
    let name: String
    /// Whose it is; nil: the whole node's.
    var service: ServiceName?
    var problem: String?
  }

  /// What the wire protocol's health service says.
  let registry = HealthRegistry()

  fileprivate struct State {
    var phase = Phase.starting
    var vitals: [ProbeCheck] = []
    var findings: [Finding] = []
    /// The full names of what is served, and whose they are.
    var services: [String: ServiceName?] = [:]
  }

  private let state = Mutex(State())

  init() { registry.set("", .notServing) }

  /// What is served from now on; not yet well.
  func serve(_ services: [String: ServiceName?]) {
    change { $0.services = services }
  }

  /// The node has started, or drains.
  func enter(_ phase: Phase) {
    // A drain is not taken back.
    change { if $0.phase != .draining { $0.phase = phase } }
  }

  /// What the watchdog has seen.
  func see(_ vitals: [ProbeCheck]) {
    change { $0.vitals = vitals }
  }

  /// What a readiness check has found; it takes the place of what the check found before.
  func find(_ finding: Finding) {
    change { state in
      let at = state.findings.firstIndex {
        $0.name == finding.name && $0.service == finding.service
      }
      if let at { state.findings[at] = finding } else { state.findings.append(finding) }
    }
  }

  func checks(of probe: Probe) -> [ProbeCheck] {
    state.withLock { state in
      switch probe {
      case .liveness: state.vitals
      case .readiness: state.readiness
      case .startup: [state.started]
      }
    }
  }

  /// Tells the registry in the same breath, so that what is told last is what is so.
  private func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      let common = state.common.allSatisfy { $0.problem == nil }
      let ailing = Set(state.findings.filter { $0.problem != nil }.compactMap(\.service))
      for (name, service) in state.services {
        let isWell = common && !(service.map { ailing.contains($0) } ?? false)
        registry.set(name, isWell ? .serving : .notServing)
      }
      registry.set("", common && ailing.isEmpty ? .serving : .notServing)
    }
  }
}

extension NodeHealth.State {
  fileprivate var started: ProbeCheck {
    ProbeCheck("started", problem: phase == .starting ? "journals are being opened" : nil)
  }

  /// What concerns every service.
  fileprivate var common: [ProbeCheck] {
    [started, ProbeCheck("staying", problem: phase == .draining ? "draining" : nil)] + vitals
      + findings.filter { $0.service == nil }.map(\.check)
  }

  fileprivate var readiness: [ProbeCheck] {
    common + findings.filter { $0.service != nil }.map(\.check)
  }
}

extension NodeHealth.Finding {
  fileprivate var check: ProbeCheck { ProbeCheck(name, problem: problem) }
}
