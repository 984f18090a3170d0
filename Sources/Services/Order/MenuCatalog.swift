package import Domain
package import Transport

/// The order service's own copy of the stores' menus: ordering goes on while the store service is
/// down.
package protocol MenuCatalog: Sendable {
  /// The copy, however old; nil when there is none (yet).
  nonisolated(nonsending) func menu(of store: StoreID) async throws(RPCError) -> MenuCopy?
}
