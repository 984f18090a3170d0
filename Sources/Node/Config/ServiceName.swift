/// A service that a node can run.
package enum ServiceName: String, CaseIterable, Hashable, Sendable {
  case order
  case payment
  case store
  case delivery
  case dashboard

  /// The full names of the services that these methods belong to, and whose they are: nil for
  /// what every node has, such as health.
  static func served(by methods: [String]) -> [String: ServiceName?] {
    var services: [String: ServiceName?] = [:]
    for method in methods {
      let name = String(method.prefix { $0 != "/" })
      // As in baedal.order.v1.OrderService.
      let area = name.split(separator: ".").dropFirst().first.map(String.init) ?? ""
      services.updateValue(ServiceName(rawValue: area), forKey: name)
    }
    return services
  }
}
