import Credentials
import Messages
import NIOPosix
import NIOSSL
import Testing

@testable import Transport

/// Who is believed, on real sockets.
@Suite("Trust between both ends of a TLS connection", .timeLimit(.minutes(2)))
struct TrustTests {
  private let ours: TestCertificates
  private let stranger: TestCertificates

  init() throws {
    ours = try TestCertificates.shared.get()
    stranger = try TestCertificates()
  }

  /// The call fails before anything of it began, with that message, and no handler ran.
  private func refused(
    _ code: StatusCode, _ message: String, _ port: TLSPort, _ tls: ClientTLS?,
    host: String = "127.0.0.1", sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let error = await failure(code, sourceLocation: sourceLocation) { () async throws(RPCError) in
      try await port.echo(tls, host: host)
    }
    #expect(error.message == message, sourceLocation: sourceLocation)
    #expect(error.unprocessed, sourceLocation: sourceLocation)
    #expect(port.lastPeer == nil, sourceLocation: sourceLocation)
  }

  @Test("who needs no certificate shows none, and is served")
  func withoutCertificate() async throws {
    for asking in [nil, ours] {
      let port = try await TLSPort(ours.server(asking: asking))
      #expect(try await port.echo(ours.client()) == "hello")
      #expect(port.lastPeer?.certificate == nil)
      await port.close()
    }
  }

  @Test("a certificate that is shown is known to the server by its names")
  func withCertificate() async throws {
    let port = try await TLSPort(ours.server(asking: ours))
    let node = try ours.issue("order", hosts: ["order.example.com", "10.0.0.7", "::1"])
    #expect(try await port.echo(ours.client(node)) == "hello")
    let seen = try #require(port.lastPeer?.certificate)
    #expect(seen.commonName == "order")
    #expect(seen.dnsNames == ["order", "order.example.com"])
    #expect(seen.addresses == ["10.0.0.7", "::1"])
    #expect(seen.names("Order") && seen.names("order.example.com"))
    #expect(!seen.names("payment") && !seen.names("") && !seen.names("example.com"))
    await port.close()
  }

  @Test("a server that does not ask for certificates does not see one")
  func unasked() async throws {
    let port = try await TLSPort(ours.server())
    #expect(try await port.echo(ours.client(ours.issue("order"))) == "hello")
    #expect(port.lastPeer?.certificate == nil)
    await port.close()
  }

  @Test("a server of an authority that the client does not trust is not talked to")
  func unknownAuthority() async throws {
    let port = try await TLSPort(stranger.server())
    await refused(
      .unavailable, "the server's certificate is not of an authority trusted here", port,
      try ours.client())
    #expect(
      await port.refusals(1)
        == ["the client does not take this certificate: TLSV1_ALERT_UNKNOWN_CA"])
    await port.close()
  }

  @Test("a server whose certificate has expired is not talked to")
  func expired() async throws {
    let port = try await TLSPort(ours.server(ours.expired()))
    await refused(
      .unavailable, "the server's certificate has expired", port, try ours.client())
    await port.close()
  }

  @Test("a server whose certificate names another host is not talked to")
  func wrongName() async throws {
    let message = "the server's certificate is for another host"
    let port = try await TLSPort(ours.server(ours.issue(hosts: ["localhost"])))
    await refused(.unavailable, message, port, try ours.client())
    await refused(.unavailable, message, port, try ours.client(name: "pay.example.com"))
    await port.close()
    // The address connected to is not enough where a name was asked for.
    let near = try await TLSPort(ours.server(ours.issue("pay", hosts: ["127.0.0.1"])))
    await refused(.unavailable, message, near, try ours.client(name: "pay.example.com"))
    await refused(.unavailable, message, near, try ours.client(), host: "localhost")
    await near.close()
  }

  @Test("the name that a client asks for may be another than the one it connects to")
  func givenName() async throws {
    let hosts = ["pay.example.com", "*.shop.example.com"]
    let port = try await TLSPort(ours.server(ours.issue("pay", hosts: hosts)))
    for name in ["pay.example.com", "PAY.example.com", "one.shop.example.com"] {
      #expect(try await port.echo(ours.client(name: name)) == "hello")
    }
    await port.close()
  }

  @Test("a host that is connected to by name is verified by that name")
  func byName() async throws {
    let port = try await TLSPort(ours.server(ours.issue(hosts: ["localhost"])))
    #expect(try await port.echo(ours.client(), host: "localhost") == "hello")
    await port.close()
  }

  @Test("a client's certificate of another authority is refused, and so is one that has expired")
  func wrongClient() async throws {
    for (identity, alert) in [
      (try stranger.issue("order"), "TLSV1_ALERT_UNKNOWN_CA"),
      (try ours.expired("order"), "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
    ] {
      let port = try await TLSPort(ours.server(asking: ours))
      await refused(
        .unauthenticated, "the server does not accept this client's certificate: \(alert)", port,
        try ours.client(identity))
      let told = await port.refusals(1)
      #expect(told.count == 1 && told[0].contains("of an authority not known here"), "\(told)")
      // Without one the same client may come.
      #expect(try await port.echo(ours.client()) == "hello")
      await port.close()
    }
  }

  @Test("both versions of TLS that are left are spoken, and the older ones are not")
  func versions() async throws {
    let port = try await TLSPort(ours.server())
    for (version, isFine) in [
      (TLSVersion.tlsv1, false), (.tlsv11, false), (.tlsv12, true), (.tlsv13, true),
    ] {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .certificates(try ours.roots())
      tls.minimumTLSVersion = version
      tls.maximumTLSVersion = version
      let client = ClientTLS(try NIOSSLContext(configuration: tls)) { PeerCertificate(der: $0) }
      if isFine {
        #expect(try await port.echo(client) == "hello")
      } else {
        let error = await failure(.unavailable) { () async throws(RPCError) in
          try await port.echo(client)
        }
        #expect(error.message == "no version of TLS in common with the server")
      }
    }
    await port.close()
  }

  @Test("what is replaced is used by new connections, and open ones go on")
  func replaced() async throws {
    let tls = try ours.server()
    let port = try await TLSPort(tls)
    var configuration = ClientConfiguration()
    let trusting = try ours.client()
    configuration.tls = trusting
    let open = TCPClient(
      host: "127.0.0.1", port: port.port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    let client = RPCClient(open)
    _ = try await client.unary(TestMethods.echo, Text(service: "before"))
    tls.replace(try stranger.serverContext())
    #expect(try await client.unary(TestMethods.echo, Text(service: "on")).service == "on")
    await notTrusted(port, trusting)
    // The client takes up the other authority too.
    trusting.replace(try TLSContexts.client(authorities: try stranger.roots()))
    #expect(try await port.echo(trusting) == "hello")
    await open.close()
    await port.close()
  }

  private func notTrusted(_ port: TLSPort, _ tls: ClientTLS) async {
    let error = await failure(.unavailable) { () async throws(RPCError) in
      try await port.echo(tls)
    }
    #expect(error.message == "the server's certificate is not of an authority trusted here")
  }
}
