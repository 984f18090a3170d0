extension Topology {
  /// What keeps one node from calling another as far as TLS goes.
  func strangersInTLS(_ caller: Member, _ called: Member) -> [ConfigError] {
    let calls = caller.config.tls
    let serves = called.config.tls
    func problem(_ key: String, _ text: String) -> [ConfigError] {
      [ConfigError(.badValue, in: caller.file, key: key, text)]
    }
    if serves.servesTLS, !calls.callsWithTLS {
      return problem("tls.ca_file", "is empty, and \(called.file) speaks TLS")
    }
    if !serves.servesTLS, calls.callsWithTLS {
      return problem(
        "tls.ca_file", "makes this node call others with TLS, and \(called.file) speaks plain")
    }
    if !serves.clientCAFile.isEmpty, calls.certificateFile.isEmpty {
      return problem(
        "tls.certificate_file", "is empty, and \(called.file) asks nodes for certificates")
    }
    return []
  }
}
