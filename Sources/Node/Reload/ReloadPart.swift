/// A part of a running node that takes up settings which have changed.
///
/// Settings that are read anew each time they are needed (`LiveConfig`) need none.
package struct ReloadPart: Sendable {
  /// What the keys begin with that it answers for, such as `payment.breaker.`.
  let keys: [String]
  /// The files whose content it holds: it is asked to apply when one of them changes, too.
  let files: @Sendable (NodeConfig) -> [String]
  /// Takes up all of it or, when it throws, nothing; the error is what the log says.
  let apply: @Sendable (NodeConfig) async throws -> Void

  package init(
    keys: String..., files: @escaping @Sendable (NodeConfig) -> [String] = { _ in [] },
    apply: @escaping @Sendable (NodeConfig) async throws -> Void
  ) {
    self.keys = keys
    self.files = files
    self.apply = apply
  }

  func answers(for key: String) -> Bool { keys.contains { key.hasPrefix($0) } }
}
