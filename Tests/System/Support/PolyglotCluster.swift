/// Two nodes of ours and a payment service in Python.
struct PolyglotCluster: Sendable {
  private let cluster: Cluster
  private let python: Python
  private let certificates: TestCertificates?
  let town: Town

  private static let payment = "payment-1"
  private static let layout = [
    "order-1": ["order", "store"], "views-1": ["delivery", "dashboard"], payment: ["payment"],
  ]
  private static let config = """
    deadlines: {payment_pending_s: 5, payment_unknown_s: 20}
    payment: {breaker: {open_wait_ms: 100}, drain: {interval_ms: 50}}
    """

  /// Starts all of it, runs `body` with the payment service's process, and ends all of it.
  ///
  /// - Parameter certificates: with them everybody speaks TLS.
  static func run(
    certificates: TestCertificates? = nil,
    _ body: (PolyglotCluster, NodeProcess) async throws -> Void
  ) async throws {
    let cluster = try Cluster(layout, config: config, certificates: certificates)
    guard let member = cluster.members[payment] else { throw Trouble("no \(payment)") }
    let python = try await Python(member.site)
    let order = try await cluster.start("order-1")
    defer { order.kill() }
    let views = try await cluster.start("views-1")
    defer { views.kill() }
    let polyglot = PolyglotCluster(
      cluster: cluster, python: python, certificates: certificates,
      town: Town(order, tls: try certificates?.client()))
    let process = try await polyglot.startPayment()
    defer { process.kill() }
    try await polyglot.town.open()
    try await body(polyglot, process)
    await polyglot.town.close()
  }

  private var tls: [String] {
    guard let certificates else { return [] }
    return [
      "--tls-certificate", certificates.path("\(Self.payment).pem"),
      "--tls-key", certificates.path("\(Self.payment).key"),
      "--tls-ca", certificates.authorityFile,
    ]
  }

  /// Starts the payment service, again on the same data and port, and waits until it listens.
  func startPayment() async throws -> NodeProcess {
    guard let member = cluster.members[Self.payment], let order = cluster.members["order-1"] else {
      throw Trouble("no \(Self.payment)")
    }
    let child = try python.run(
      "deploy/polyglot/payment.py",
      ["--listen", "127.0.0.1:\(member.port)", "--order", "127.0.0.1:\(order.port)"]
        + ["--data", member.site.data, "--name", Self.payment] + tls, name: "payment")
    try await until("payment that listens") {
      if let ending = child.ending {
        throw Trouble("payment ended with \(ending): \(child.errors)")
      }
      return child.output.contains("listens on")
    }
    return NodeProcess(child, port: member.port)
  }
}
