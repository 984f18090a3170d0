/// What an orchestrator asks a node for, with Kubernetes' meaning.
package enum Probe: String, CaseIterable, Sendable {
  /// Is it stuck? Then start it anew. Never depends on another machine.
  case liveness = "livez"
  /// May traffic come?
  case readiness = "readyz"
  /// Has it started?
  case startup = "startupz"
}
