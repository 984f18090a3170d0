import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The provider of `python/stand_in.py` as a process of its own; ends with the test.
final class StandIn: Sendable {
  /// How it meets the next requests of each kind.
  struct Behaviour: Encodable {
    var charge: [String] = []
    var find: [String] = []
    var cancel: [String] = []
  }

  struct Books: Decodable {
    struct Payment: Decodable {
      struct Cancel: Decodable {
        let cancelAmount: Int64
        let cancelReason: String
      }

      let paymentKey: String
      let status: String
      let totalAmount: Int64
      let balanceAmount: Int64
      let cancels: [Cancel]?
    }

    struct Request: Decodable {
      let method: String
      let path: String
      let key: String
      let known: Bool
    }

    let payments: [String: Payment]
    let captures: [String: Int]
    let requests: [Request]
    let held: Int
    /// Requests that its books were asked about.
    let acted: Int
    let handshakesFailed: Int
  }

  static let secret = "test_sk_Zq9vX2mLr7Kp"
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("python")

  let url: String
  private let control: String
  private let process: Process
  private let input: Pipe

  /// - Parameter certificate: a name of `Certificates`.
  init(certificate: String = "loopback") async throws {
    let certificates = try Certificates.shared.get()
    let output = FileManager.default.temporaryDirectory
      .appendingPathComponent("stand-in-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    process = Process()
    input = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", Self.folder.appendingPathComponent("stand_in.py").path, "--certificate",
      certificates.path("\(certificate).pem"), "--key", certificates.path("\(certificate).key"),
    ]
    process.environment = ProcessInfo.processInfo.environment
      .merging(["STAND_IN_SECRET": Self.secret]) { $1 }
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    struct Ports: Decodable {
      let api: Int
      let control: Int
    }
    let ports = try await eventually("ports of the stand-in") {
      try? JSONDecoder().decode(Ports.self, from: Data(contentsOf: output))
    }
    url = "https://127.0.0.1:\(ports.api)"
    control = "http://127.0.0.1:\(ports.control)"
  }

  /// Its standard input ends, and so does it.
  deinit { try? input.fileHandleForWriting.close() }

  func behave(_ behaviour: Behaviour) async throws {
    _ = try await tell("/behave", JSONEncoder().encode(behaviour))
  }

  /// Lets every held request go on.
  func release() async throws { _ = try await tell("/release", Data("{}".utf8)) }

  /// Lets the one held request go on, and returns when it has been carried out.
  func releaseAndAct() async throws {
    let acted = try await books.acted
    try await release()
    try await eventually("held request's end") { try await books.acted > acted ? true : nil }
  }

  /// Forgets what it keeps under idempotency keys.
  func forgetKeys() async throws { _ = try await tell("/forget", Data("{}".utf8)) }

  /// Changes its books behind everyone's back.
  func set(_ order: String, status: String, total: Int64, balance: Int64) async throws {
    let payment =
      """
      {"orderId":"\(order)","status":"\(status)","totalAmount":\(total),"balanceAmount":\(balance)}
      """
    _ = try await tell("/set", Data(payment.utf8))
  }

  var books: Books {
    get async throws { try JSONDecoder().decode(Books.self, from: await tell("/books", nil)) }
  }

  /// Returns once it holds that many requests.
  func holds(_ count: Int = 1) async throws {
    try await eventually("held request") { try await books.held >= count ? true : nil }
  }

  private func tell(_ path: String, _ body: Data?) async throws -> Data {
    var request = HTTPClientRequest(url: control + path)
    if let body {
      request.method = .POST
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    return Data(try await answer.body.collect(upTo: 1 << 24).readableBytesView)
  }

}

/// The certificates of `python/certificates.sh`, made once a run.
struct Certificates {
  struct Failure: Error {}

  static let shared = Result { try Certificates() }
  private let folder: String

  private init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("certificates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("python/certificates.sh")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [script.path, folder.path]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure() }
    self.folder = folder.path
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }
}

/// Asks again until there is an answer.
@discardableResult
func eventually<Value>(
  _ what: String, _ ask: () async throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < deadline {
    if let value = try await ask() { return value }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw Missing(what: what)
}

struct Missing: Error {
  let what: String
}
