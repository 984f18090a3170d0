import Glibc
import Messages

/// A TCP connection below the protocol: sends whatever it is told. Never blocks a thread.
final class RawSocket: Sendable {
  private let descriptor: Int32

  /// Connects to a port of this machine.
  init(_ port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Trouble("socket: errno \(errno)") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      let reason = errno
      close(descriptor)
      throw Trouble("connect: \(String(cString: strerror(reason)))")
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// Sends as much as fits; false when the other side has hung up.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    return sent >= 0 || errno == EAGAIN
  }

  func send(_ kind: Frame.Kind) throws { send(try Self.framed(kind)) }

  /// Sends the opening hello.
  func hello(_ role: String = "customer", _ id: String = "c-1") throws {
    try send(
      .hello(
        Hello(versionMin: 1, versionMax: 1, credentials: Credentials(role: role, id: id))))
  }

  /// Whether the other side has hung up; what it sends before is thrown away.
  var isClosed: Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, 0)
      if count == 0 { return true }
      if count < 0 { return errno != EAGAIN }
    }
  }

  /// What has come and was not taken yet; nil once the other side has hung up.
  func receive() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count > 0 { return Array(bytes.prefix(count)) }
    return count < 0 && errno == EAGAIN ? [] : nil
  }

  /// Everything until the other side hangs up, as frames.
  func framesUntilClosed() async throws -> [Frame.Kind] {
    var received: [UInt8] = []
    try await until("end of the connection") {
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 { return true }
        if count < 0 { return errno != EAGAIN }
        received += bytes.prefix(count)
      }
    }
    return try Self.frames(of: &received)
  }

  /// Takes the whole frames off the front.
  static func frames(of bytes: inout [UInt8]) throws -> [Frame.Kind] {
    var frames: [Frame.Kind] = []
    var rest = bytes[...]
    while rest.count >= 4 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 4 + length else { break }
      if let kind = try Frame(serialized: Array(rest.dropFirst(4).prefix(length))).kind {
        frames.append(kind)
      }
      rest = rest.dropFirst(4 + length)
    }
    bytes = Array(rest)
    return frames
  }

  /// Length and bytes of one frame.
  static func framed(_ kind: Frame.Kind) throws -> [UInt8] {
    let bytes = try Frame(kind: kind).serialized()
    return withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
  }
}

/// Ports that nobody listened on a moment ago, each another one.
func freePorts(_ count: Int) throws -> [Int] {
  var sockets: [Int32] = []
  defer { for descriptor in sockets { close(descriptor) } }
  return try (0..<count).map { _ in
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    sockets.append(descriptor)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
      }
    }
    guard code == 0 else { throw Trouble("bind: errno \(errno)") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// Lets this process and its children open as many files as they may. Returns how many that is.
@discardableResult
func raiseFileLimit() -> Int {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  return Int(clamping: limit.rlim_cur)
}
