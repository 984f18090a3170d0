import ProviderHTTP
import Services

extension NodeParts {
  /// Who takes the money; the simulator as such too, since operators steer it.
  mutating func provider() throws -> (any PaymentProvider, SimulatedProvider?) {
    let settings = config.payment
    switch settings.provider {
    case .simulator:
      let simulator = SimulatedProvider(
        settings: SimulatedProvider.Settings(settings.simulator),
        seed: UInt64(bitPattern: Int64(settings.simulator.seed)), timeout: settings.callTimeout,
        clock: environment.clock)
      reloads.append(
        ReloadPart(keys: "payment.simulator.") {
          // That it is down is nothing that a file says.
          var changed = SimulatedProvider.Settings($0.payment.simulator)
          changed.isDown = simulator.current.isDown
          simulator.change(to: changed)
        })
      return (simulator, simulator)
    case .http:
      let provider = try httpProvider()
      closings.append { await provider.close() }
      return (provider, nil)
    }
  }

  private func httpProvider() throws(ConfigError) -> HTTPProvider {
    let settings = config.payment
    guard let address = ProviderAddress(settings.http.url), let secret = settings.http.secret else {
      throw ConfigError(
        .badValue, in: "payment", key: "payment.provider",
        "http needs 'payment.http.url' and 'payment.http.secret_file'")
    }
    var provider = HTTPProviderSettings(
      address: address, credential: ProviderCredential(secret: secret.reveal()))
    provider.caFile = settings.http.caFile.isEmpty ? nil : settings.http.caFile
    provider.connectTimeout = settings.http.connectTimeout
    provider.timeout = settings.callTimeout
    provider.connections = settings.http.connections
    provider.notFoundFinal = settings.http.notFoundFinal
    do throws(HTTPProviderError) {
      return try HTTPProvider(provider, clock: environment.clock, group: group)
    } catch {
      throw ConfigError(.badValue, in: "payment", key: "payment.http.ca_file", "\(error)")
    }
  }
}

extension SimulatedProvider.Settings {
  fileprivate init(_ settings: NodeConfig.Payment.Simulator) {
    self.init(
      latency: settings.latency, capacity: settings.capacity, queue: settings.queue,
      declinePerMille: settings.declinePerMille, unknownPerMille: settings.unknownPerMille)
  }
}
