import Dispatch
import Gateway
import Glibc
import Logging
import NIOCore
import Synchronization

/// Says what a test tells it to.
final class ScriptedSource: ProbeSource {
  private let checks = Mutex<[Probe: [ProbeCheck]]>([:])

  func set(_ probe: Probe, _ checks: [ProbeCheck]) { self.checks.withLock { $0[probe] = checks } }

  func checks(of probe: Probe) -> [ProbeCheck] { checks.withLock { $0[probe] ?? [] } }
}

/// Runs `body` beside an open port that answers probes.
func withPort(
  limits: GatewayLimits = GatewayLimits(), routes more: (inout GatewayRoutes) -> Void = { _ in },
  _ body: (Port, ScriptedSource) async throws -> Void
) async throws {
  let source = ScriptedSource()
  var routes = GatewayRoutes()
  routes.probes(source)
  more(&routes)
  let server = GatewayServer(
    host: "127.0.0.1", port: 0, limits: limits, routes: routes, log: Logger(label: "test"))
  try await server.serving { address in
    guard let number = address?.port else { throw SocketTrouble(what: "no port") }
    try await body(Port(number: number), source)
  }
}

struct Port: Sendable {
  let number: Int

  /// One request on a connection of its own, such as `GET /livez`.
  func ask(_ request: String) async throws -> Answer {
    let socket = try connect()
    socket.send("\(request) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    return try Answer(await socket.rest())
  }

  func connect() throws -> RawSocket { try RawSocket(port: number) }
}

/// What came back.
struct Answer: Sendable {
  var status = 0
  var headers: [String: String] = [:]
  var body = ""

  init(_ text: String) throws {
    guard let end = text.firstRange(of: "\r\n\r\n") else {
      throw SocketTrouble(what: "no answer but '\(text)'")
    }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    for line in lines.dropFirst() {
      let parts = line.split(separator: ": ", maxSplits: 1)
      headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : ""
    }
    body = String(text[end.upperBound...])
  }
}

struct SocketTrouble: Error { let what: String }

/// A blocking socket; reads happen on a queue, so that no task's thread waits.
final class RawSocket: Sendable {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw SocketTrouble(what: "connect: \(errno)") }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    var text = text
    text.withUTF8 {
      _ = Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
  }

  /// Sends so many bytes, or as many as the other side takes before it hangs up; tells how many.
  func flood(_ bytes: Int) async -> Int {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [self] in
        let zeroes = [UInt8](repeating: 0, count: 64 * 1024)
        var sent = 0
        while sent < bytes {
          let count = Glibc.send(descriptor, zeroes, zeroes.count, Int32(MSG_NOSIGNAL))
          guard count > 0 else { break }
          sent += count
        }
        continuation.resume(returning: sent)
      }
    }
  }

  /// Everything until the other side hangs up.
  func rest() async throws -> String { try await read { _ in false } }

  /// One answer with a body of known length.
  func answer() async throws -> Answer {
    let text = try await read { text in
      guard let answer = try? Answer(text) else { return false }
      return answer.body.utf8.count == Int(answer.headers["content-length"] ?? "")
    }
    return try Answer(text)
  }

  private func read(until isWhole: @escaping @Sendable (String) -> Bool) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { [self] in
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
          let count = recv(descriptor, &buffer, buffer.count, 0)
          if count < 0, errno != ECONNRESET {
            return continuation.resume(throwing: SocketTrouble(what: "recv: \(errno)"))
          }
          if count > 0 { bytes += buffer[..<count] }
          let text = String(decoding: bytes, as: UTF8.self)
          if count <= 0 || isWhole(text) { return continuation.resume(returning: text) }
        }
      }
    }
  }
}
