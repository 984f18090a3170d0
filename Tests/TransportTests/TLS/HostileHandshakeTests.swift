import Credentials
import Glibc
import Messages
import NIOCore
import NIOPosix
import Testing

@testable import Transport

/// What strangers do to a port before TLS is agreed on: they are cut off, and others are served.
@Suite("Hostile handshakes", .serialized, .timeLimit(.minutes(2)))
struct HostileHandshakeTests {
  private let ours: TestCertificates

  init() throws { ours = try TestCertificates.shared.get() }

  /// The first record of a handshake, with a ClientHello's head that announces that many bytes.
  private func clientHello(announcing count: Int, holding: Int) -> [UInt8] {
    let body: [UInt8] = [1, UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
    let fill = [UInt8](repeating: 0, count: holding)
    let length = body.count + fill.count
    return [0x16, 3, 1, UInt8(length >> 8), UInt8(length & 255)] + body + fill
  }

  @Test("plain bytes on a port that speaks TLS end with an alert, and the client is told so")
  func plainOnTLS() async throws {
    let port = try await TLSPort(ours.server())
    let error = await failure(.unavailable) { () async throws(RPCError) in
      try await port.echo(nil)
    }
    #expect(error.message == "the server speaks TLS, and this client does not")
    #expect(error.unprocessed)
    #expect(await port.refusals(1) == ["plain bytes on a port that speaks TLS"])
    let raw = try #require(RawClient(port: port.port))
    raw.send(bytes(of: [hello]))
    // An alert of TLS, which any client of it understands.
    #expect(raw.receiveBytes().prefix(2) == [0x15, 3])
    raw.hangUp()
    let web = try #require(RawClient(port: port.port))
    web.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    #expect(web.receiveBytes() == [])
    web.hangUp()
    #expect(try await port.echo(ours.client()) == "hello")
    await port.close()
  }

  @Test("TLS on a plain port ends with a reason for the log, and the client is told so")
  func tlsOnPlain() async throws {
    let port = try await TLSPort(nil)
    let tls = try ours.client()
    let error = await failure(.unavailable) { () async throws(RPCError) in
      try await port.echo(tls)
    }
    #expect(error.message == "the server does not speak TLS")
    #expect(error.unprocessed)
    #expect(await port.refusals(1) == ["TLS where plain frames were to come"])
    #expect(try await port.echo(nil) == "hello")
    await port.close()
  }

  @Test(
    "a handshake that does not get on is cut off in the time of a hello", arguments: [0, 3, 200])
  func halfHandshake(_ sent: Int) async throws {
    var limits = ServerLimits()
    limits.helloTimeout = .milliseconds(100)
    let port = try await TLSPort(ours.server(), limits: limits)
    let raw = try #require(RawClient(port: port.port))
    raw.send(Array(clientHello(announcing: 400, holding: 300).prefix(sent)))
    #expect(raw.receiveBytes() == [])
    #expect(await port.refusals(1) == ["no hello in time"])
    raw.hangUp()
    await port.emptied()
    #expect(try await port.echo(ours.client()) == "hello")
    await port.close()
  }

  @Test("a client that shakes hands and then says nothing is cut off too")
  func silentAfterHandshake() async throws {
    var limits = ServerLimits()
    limits.helloTimeout = .milliseconds(200)
    let port = try await TLSPort(ours.server(), limits: limits)
    let silent = try await SilentClient(port: port.port, ours.client())
    #expect(await port.refusals(1) == ["no hello in time"])
    await silent.closed()
    await port.emptied()
    await port.close()
  }

  @Test("a handshake message beyond all measure is refused when it announces itself")
  func oversized() async throws {
    let port = try await TLSPort(ours.server())
    let raw = try #require(RawClient(port: port.port))
    raw.send(clientHello(announcing: 0xFF_FFFF, holding: 1000))
    #expect(raw.receiveBytes().prefix(2) == [0x15, 3])
    let told = await port.refusals(1)
    #expect(told == ["TLS: EXCESSIVE_MESSAGE_SIZE"])
    raw.hangUp()
    await port.emptied()
    await port.close()
  }

  @Test("garbage of any kind ends a handshake, and never the server")
  func garbage() async throws {
    let port = try await TLSPort(ours.server())
    var chance = SeededGenerator(state: 7)
    for round in 0..<300 {
      let raw = try #require(RawClient(port: port.port))
      var bytes = clientHello(announcing: 300, holding: 296)
      let isWild = round % 2 == 0
      for index in bytes.indices where isWild || index > 8 {
        bytes[index] = UInt8.random(in: 0...255, using: &chance)
      }
      raw.send(bytes)
      raw.hangUp()
    }
    #expect(try await port.echo(ours.client()) == "hello")
    await port.emptied()
    await port.close()
  }

  @Test("handshakes held open take no more than the places for half-open connections")
  func heldOpen() async throws {
    var limits = ServerLimits()
    limits.halfOpenConnectionsMax = 50
    limits.helloTimeout = .seconds(600)
    let port = try await TLSPort(ours.server(), limits: limits)
    var held: [RawClient] = []
    let start = Array(clientHello(announcing: 400, holding: 300).prefix(100))
    for _ in 0..<200 {
      guard let raw = RawClient(port: port.port) else { continue }
      raw.send(start)
      held.append(raw)
    }
    let last = try #require(held.last)
    #expect(last.receiveBytes() == [])
    #expect(port.server.connectionCount <= 50)
    // All the others are turned away, as the event loops get to them.
    while port.server.refusedConnectionCount < 150, !Task.isCancelled { await Task.yield() }
    #expect(port.server.refusedConnectionCount == 150)
    // A drain does not wait for them, nor do they keep their places once they go.
    held = []
    await port.emptied()
    #expect(try await port.echo(ours.client()) == "hello")
    await port.close()
  }

  @Test("a drain does not wait for a handshake that is held open")
  func drain() async throws {
    let port = try await TLSPort(ours.server())
    let raw = try #require(RawClient(port: port.port))
    raw.send(Array(clientHello(announcing: 400, holding: 300).prefix(100)))
    while port.server.connectionCount == 0 { await Task.yield() }
    port.server.startDraining(within: .seconds(600))
    #expect(raw.receiveBytes() == [])
    raw.hangUp()
    await port.emptied()
  }

  @Test("a thousand handshakes at once: whoever finds a place is served, the rest is turned away")
  func thousand() async throws {
    var limits = ServerLimits()
    limits.halfOpenConnectionsMax = 300
    let port = try await TLSPort(ours.server(), limits: limits)
    // Who is connected already is served all the while.
    var configuration = ClientConfiguration()
    let tls = try ours.client()
    configuration.tls = tls
    let kept = TCPClient(
      host: "127.0.0.1", port: port.port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    _ = try await RPCClient(kept).unary(TestMethods.echo, Text(service: "here"))
    let served = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<1000 {
        group.addTask {
          do throws(RPCError) {
            return try await port.echo(tls) == "hello"
          } catch {
            #expect(error.code == .unavailable && error.unprocessed, "\(error)")
            return false
          }
        }
      }
      for _ in 0..<20 {
        group.addTask {
          let answer = try? await RPCClient(kept).unary(TestMethods.echo, Text(service: "still"))
          #expect(answer?.service == "still")
          return false
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(served >= 1)
    #expect(served + port.server.refusedConnectionCount >= 1000)
    #expect(try await port.echo(tls) == "hello")
    await kept.close()
    await port.emptied()
    await port.close()
  }
}

/// Shakes hands and says nothing.
private struct SilentClient {
  private let channel: any Channel

  init(port: Int, _ tls: ClientTLS) async throws {
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(tls.handshake(host: "127.0.0.1").handler)
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func closed() async { try? await channel.closeFuture.get() }
}
