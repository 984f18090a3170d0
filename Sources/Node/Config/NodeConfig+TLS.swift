extension NodeConfig {
  /// The PEM files that TLS is made of; empty for none.
  package struct TLS: Sendable, Equatable {
    /// This node's certificate, which it shows to its callers and to the nodes that it calls.
    package var certificateFile = ""
    package var keyFile = ""
    /// Who may vouch for the nodes that this one calls; empty for those that the system trusts.
    package var caFile = ""
    /// Who may vouch for nodes that call this one.
    package var clientCAFile = ""

    package init() {}

    /// Whether the port speaks TLS.
    package var servesTLS: Bool { !certificateFile.isEmpty || !keyFile.isEmpty }
    /// Whether other nodes are called with TLS.
    package var callsWithTLS: Bool { servesTLS || !caFile.isEmpty }
  }

  /// What `listen.insecure` has to say, word for word.
  package static let insecureSentence = "anyone may call this node"

  /// What `http.insecure` has to say, word for word.
  package static let insecureHTTPSentence = "anyone may see how this node is"

  /// Whether every caller has to prove who they are.
  var authenticatesCallers: Bool { !access.tokenKeysFile.isEmpty }

  /// Throws when a node would listen at `address`, beyond this machine, without TLS and proof of
  /// who calls, and the configuration does not say that this is meant.
  func checkExposure(of address: String, in source: String, line: Int?) throws(ConfigError) {
    guard !HTTPAddress.isLoopback(address), listenInsecure.isEmpty,
      !tls.servesTLS || !authenticatesCallers
    else { return }
    let missing =
      (tls.servesTLS ? [] : ["TLS ('tls.certificate_file')"])
      + (authenticatesCallers ? [] : ["proof of who calls"])
    throw ConfigError(
      .badValue, in: source, line: line, key: "listen.host",
      "'\(address)' is not a loopback address, and there is no "
        + missing.joined(separator: " and no ")
        + "; use 127.0.0.1, or set 'listen.insecure' to '\(Self.insecureSentence)'")
  }

  /// Throws when the probes and metrics would be answered beyond this machine, and the
  /// configuration does not say that this is meant.
  func checkHTTPExposure(in source: String, line: Int?) throws(ConfigError) {
    guard let host = HTTPAddress(http.address)?.host, http.insecure.isEmpty,
      !HTTPAddress.isLoopback(host)
    else { return }
    throw ConfigError(
      .badValue, in: source, line: line, key: "http.address",
      "'\(host)' is not a loopback address, and HTTP is plain and asks nobody who they are"
        + "; use 127.0.0.1, or set 'http.insecure' to '\(Self.insecureHTTPSentence)'")
  }
}
