/// One request to a node's HTTP port, whole.
struct ProbeAnswer: Sendable, Hashable {
  let status: Int
  let body: String
}

extension NodeProcess {
  /// Where the node says that it answers probes.
  var probePort: Int? {
    let line = child.output.split(separator: "\n").first { $0.contains("probes on") }
    return line?.firstRange(of: "127.0.0.1:").flatMap { found in
      line.flatMap { Int($0[found.upperBound...].prefix(while: \.isNumber)) }
    }
  }

  /// What a probe says, such as `/readyz?verbose`.
  func probe(_ path: String) async throws -> ProbeAnswer {
    guard let probePort else { throw Trouble("no HTTP port in: \(child.output)") }
    return try await Self.probe(path, at: probePort)
  }

  static func probe(_ path: String, at port: Int) async throws -> ProbeAnswer {
    let socket = try RawSocket(port)
    socket.send(Array("GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".utf8))
    var bytes: [UInt8] = []
    try await until("answer to \(path)") {
      while let more = socket.receive() {
        if more.isEmpty { return false }
        bytes += more
      }
      return true
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n"),
      let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { throw Trouble("no answer but '\(text)'") }
    return ProbeAnswer(status: status, body: String(text[end.upperBound...]))
  }
}
