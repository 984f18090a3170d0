import Glibc
import Messages
import NIOCore

@testable import Transport

/// A plain blocking socket, for saying what no client of ours would.
final class RawClient {
  private let descriptor: Int32
  private var parser = FrameParser(frameBytesMax: 1 << 24)
  /// The connection ended with a reset, which may destroy what was on its way.
  private(set) var wasReset = false

  /// nil if the system gives no socket or nobody listens.
  init?(port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    // A test that waits in vain ends with an error instead of hanging.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }

  /// False once the other side does not take bytes any more.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// From now on, `send` gives up when the other side takes nothing for half a second.
  func setSendPatience() {
    var patience = timeval(tv_sec: 0, tv_usec: 500_000)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  func send(_ frame: Frame.Kind) { send(bytes(of: [frame])) }

  enum Received: Equatable {
    case frame(Frame.Kind)
    case end
    case timeout
    case unreadable
  }

  func receive() -> Received {
    while true {
      do throws(WireError) {
        if let frame = try parser.next(FrameCodec.decode) { return .frame(frame) }
      } catch {
        return .unreadable
      }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        parser.append(ByteBuffer(bytes: chunk[..<count]))
      } else if count == 0 || errno == ECONNRESET {
        if count < 0 { wasReset = true }
        return .end
      } else {
        return .timeout
      }
    }
  }

  /// Every byte up to the end of the connection, as it came.
  func receiveBytes() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// Closes both directions; the other side sees it at once.
  func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Everything up to the end of the connection, pings aside.
  func receiveAll() -> [String] {
    var names: [String] = []
    while true {
      switch receive() {
      case .frame(.ping): continue
      case .frame(.goAway(let goAway)):
        names.append("go-away \(StatusCode(wire: goAway.status?.code ?? 0).name)")
      case .frame(let frame): names.append(frame.name)
      case .end: return names + ["end"]
      case .timeout: return names + ["timeout"]
      case .unreadable: return names + ["unreadable"]
      }
    }
  }
}
