/// A service that a node can run.
package enum ServiceName: String, CaseIterable, Hashable, Sendable {
  case order
  case payment
  case store
  case delivery
  case dashboard
}
