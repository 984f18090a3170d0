import Configuration
import Credentials
import Foundation
import ProviderHTTP
import Transport

extension NodeConfig {
  /// Reads a configuration. What stands in `options` (by a setting's name) goes before the
  /// environment's `BAEDAL_…`, which goes before the file, which goes before the defaults.
  ///
  /// - Parameters:
  ///   - file: path of a YAML file; nil for none.
  ///   - options: settings from the command line, as text.
  ///   - checksFiles: also looks into the certificates and keys that it names. A node that runs has
  ///     those, and each part looks for itself when they change: one that is damaged is no reason
  ///     to leave out what else has changed.
  /// - Throws: the first thing that is wrong. The data directory is not touched.
  package static func load(
    file path: String?, environment: [String: String], options: [String: String] = [:],
    checksFiles: Bool = true
  ) async throws(ConfigError) -> NodeConfig {
    var file: ConfigFile?
    if let path { file = try ConfigFile(path: path) }
    let sources = try await Sources(file: file, environment: environment, options: options)
    var config = try NodeConfig(sources)
    try config.checkPeers(in: path ?? "environment BAEDAL_NODE_SERVICES")
    try config.checkPools(sources)
    try config.checkBreaker(sources)
    try config.checkOutbound(sources)
    try config.readSecrets(sources)
    if checksFiles { try await config.checkFiles(sources) }
    try config.checkSafety(sources)
    return config
  }

  /// What a file says, and nothing else: no environment, and none of the files that it names, which
  /// are where the node runs. That its settings fit together is not checked either, for the
  /// environment may change some.
  package static func read(file path: String) async throws(ConfigError) -> NodeConfig {
    let file = try ConfigFile(path: path)
    return try NodeConfig(try await Sources(file: file, environment: [:], options: [:]))
  }

  private init(_ sources: Sources) throws(ConfigError) {
    self.init()
    for setting in Setting.all {
      guard let found = sources.value(of: setting) else { continue }
      guard setting.write(&self, found.texts) else {
        let shown = setting.shape == .list ? "[\(found.texts.joined(separator: ", "))]" : found.text
        throw ConfigError(
          .badValue, in: found.source, line: found.line, key: setting.key,
          "'\(shown)' is not \(setting.expected)")
      }
    }
    for name in sources.peers { peers.append(try sources.peer(name)) }
  }

  /// The part of an environment variable's name that stands for a key.
  static func environmentPart(_ key: String) -> String {
    String(key.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  private func checkPools(_ sources: Sources) throws(ConfigError) {
    for service in ServiceName.allCases {
      let pool = pools[service: service]
      guard pool.replicasMin > pool.replicasMax else { continue }
      let (least, most) = ("pools.\(service).replicas_min", "pools.\(service).replicas_max")
      let place = sources.place(of: least, and: most)
      throw ConfigError(
        .badValue, in: place.source, line: place.line, key: least,
        "\(pool.replicasMin) is more than '\(most)', which is \(pool.replicasMax)")
    }
  }

  private func checkBreaker(_ sources: Sources) throws(ConfigError) {
    let breaker = payment.breaker
    guard breaker.openWaitMax < breaker.openWait else { return }
    let (first, most) = ("payment.breaker.open_wait_ms", "payment.breaker.open_wait_max_s")
    let place = sources.place(of: first, and: most)
    throw ConfigError(
      .badValue, in: place.source, line: place.line, key: most,
      "\(TimeUnit.seconds.text(breaker.openWaitMax)) s is less than '\(first)', which is "
        + "\(TimeUnit.milliseconds.text(breaker.openWait)) ms")
  }

  private func checkOutbound(_ sources: Sources) throws(ConfigError) {
    guard limits.outboundBytesMax <= limits.outboundBytesHigh else { return }
    let (high, most) = ("limits.outbound_bytes_high", "limits.outbound_bytes_max")
    let place = sources.place(of: high, and: most)
    throw ConfigError(
      .badValue, in: place.source, line: place.line, key: most,
      "\(limits.outboundBytesMax) is not more than '\(high)', which is \(limits.outboundBytesHigh)")
  }

  /// The files that a node needs for its start, secrets aside: certificates, keys, authorities.
  private func checkFiles(_ sources: Sources) async throws(ConfigError) {
    do throws(ConfigError) {
      _ = try NodeTLS(tls)
      _ = try await TokenKeys(access)
      try checkAuthorities()
    } catch {
      let place = sources.place(of: error.key)
      throw ConfigError(
        error.problem, in: place.source, line: place.line, key: error.key, error.text)
    }
  }

  private func checkAuthorities() throws(ConfigError) {
    guard payment.provider == .http, services.contains(.payment), !payment.http.caFile.isEmpty
    else { return }
    do throws(HTTPProviderError) {
      try HTTPProviderSettings.checkAuthorities(payment.http.caFile)
    } catch {
      throw ConfigError(.badValue, in: "payment", key: "payment.http.ca_file", "\(error)")
    }
  }

  /// Whether the ports may be opened where they are to be.
  private func checkSafety(_ sources: Sources) throws(ConfigError) {
    let http = sources.place(of: "http.address")
    try checkHTTPExposure(in: http.source, line: http.line)
    // What a name stands for is seen when the port is opened.
    guard !listenHost.contains(where: \.isLetter) || listenHost.contains(":") else { return }
    let place = sources.place(of: "listen.host")
    try checkExposure(of: listenHost, in: place.source, line: place.line)
  }

  private mutating func readSecrets(_ sources: Sources) throws(ConfigError) {
    access.operatorToken = try Self.secret(
      "access.operator_token", file: access.operatorTokenFile, holding: "a token", sources)
    payment.http.secret = try Self.secret(
      "payment.http.secret", file: payment.http.secretFile, holding: "a secret key", sources)
    guard payment.provider == .http, services.contains(.payment) else { return }
    for (key, isMissing) in [
      ("payment.http.url", payment.http.url.isEmpty),
      ("payment.http.secret_file", payment.http.secret == nil),
    ] where isMissing {
      let place = sources.place(of: "payment.provider")
      throw ConfigError(
        .badValue, in: place.source, line: place.line, key: "payment.provider",
        "http needs '\(key)'")
    }
  }

  /// A secret from the environment, or from the first line of the file that `KEY_file` names.
  private static func secret(
    _ key: String, file path: String, holding what: String, _ sources: Sources
  ) throws(ConfigError) -> Secret? {
    if let secret = sources.secret(key) { return secret }
    guard !path.isEmpty else { return nil }
    let content = FileManager.default.contents(atPath: path)
    let line = content.flatMap { String(validating: $0, as: UTF8.self) }?
      .split(whereSeparator: \.isNewline).first
    guard let line, !line.allSatisfy(\.isWhitespace) else {
      let place = sources.place(of: "\(key)_file")
      throw ConfigError(
        .badValue, in: place.source, line: place.line, key: "\(key)_file",
        "'\(path)' is not a readable file with \(what) in its first line")
    }
    return Secret(String(line))
  }
}

/// Where values come from, first one first.
private struct Sources {
  struct Found {
    let texts: [String]
    let source: String
    let line: Int?

    var text: String { texts.first ?? "" }
  }

  private let file: ConfigFile?
  private let environment: [String: String]
  private let options: [String: String]
  private let reader: ConfigReader

  init(
    file: ConfigFile?, environment: [String: String], options: [String: String]
  ) async throws(ConfigError) {
    self.file = file
    self.environment = environment
    self.options = options
    let texts = options.map { name, text in
      (AbsoluteConfigKey(ConfigKey(name)), ConfigValue(.string(text), isSecret: false))
    }
    var providers: [any ConfigProvider] = [
      InMemoryProvider(
        name: "options", values: Dictionary(texts, uniquingKeysWith: { first, _ in first })),
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "baedal"),
    ]
    if let file, !file.isEmpty {
      do {
        let place = InMemoryProvider(values: [
          "filePath": ConfigValue(.string(file.path), isSecret: false)
        ])
        let config = ConfigReader(provider: place)
        providers.append(try await FileProvider<YAMLSnapshot>(config: config))
      } catch {
        throw ConfigError(.malformed, in: file.path, key: "", "\(error)")
      }
    }
    reader = ConfigReader(providers: providers)
  }

  /// The peers that the file names.
  var peers: [String] { file?.peers ?? [] }

  /// The setting's value as text, from the first source that has it.
  func value(of setting: Setting) -> Found? {
    let place = place(of: setting.key)
    let key = ConfigKey(setting.key)
    if setting.shape == .list {
      guard let texts = reader.stringArray(forKey: key) else { return nil }
      return Found(texts: texts, source: place.source, line: place.line)
    }
    guard let text = reader.string(forKey: key) else { return nil }
    return Found(texts: [text], source: place.source, line: place.line)
  }

  /// One peer of the file, with its settings.
  func peer(_ name: String) throws(ConfigError) -> NodeConfig.Peer {
    var config = NodeConfig()
    config.peers = [NodeConfig.Peer(name: name)]
    let one = "\(PeerSetting.group).\(name).address"
    let several = "\(PeerSetting.group).\(name).addresses"
    let settings = PeerSetting.settings(of: name)
    let isSeveral = settings.contains { $0.key == several && value(of: $0) != nil }
    if isSeveral, settings.contains(where: { $0.key == one && value(of: $0) != nil }) {
      let place = place(of: several)
      throw ConfigError(
        .badValue, in: place.source, line: place.line, key: several,
        "stands beside '\(one)'; a peer has one of the two")
    }
    for setting in settings where setting.key != (isSeveral ? one : several) {
      guard let found = value(of: setting) else {
        let place = place(of: setting.key)
        throw ConfigError(
          .badValue, in: place.source, line: place.line, key: setting.key,
          "is missing: \(setting.doc) It is \(setting.expected)")
      }
      guard setting.write(&config, found.texts) else {
        throw ConfigError(
          .badValue, in: found.source, line: found.line, key: setting.key,
          "'\(found.texts.joined(separator: ", "))' is not \(setting.expected)")
      }
    }
    return config.peers[0]
  }

  /// A secret, which comes from the environment alone. A blank one is none: what is empty there was
  /// mostly not set where it should come from.
  func secret(_ key: String) -> Secret? {
    guard let text = reader.string(forKey: ConfigKey(key), isSecret: true),
      !text.allSatisfy(\.isWhitespace)
    else { return nil }
    return Secret(text)
  }

  /// What to name when two values do not go together: the one that somebody has set.
  func place(of one: String, and other: String) -> (source: String, line: Int?) {
    let places = (place(of: one), place(of: other))
    return (places.0.line ?? 0) < (places.1.line ?? 0) ? places.1 : places.0
  }

  /// What to name when the value of that key is wrong.
  func place(of key: String) -> (source: String, line: Int?) {
    if options[key] != nil { return ("command line", nil) }
    let variable = "BAEDAL_" + NodeConfig.environmentPart(key)
    if environment[variable] != nil { return ("environment \(variable)", nil) }
    return (file?.path ?? "defaults", file?.lines[key])
  }
}
