import Foundation
import Glibc

/// A place to run nodes at: a data directory, configurations and logs; gone with the last who
/// holds it, unless BAEDAL_TEST_KEEP is set.
final class Site: Sendable {
  let folder: String

  var data: String { "\(folder)/data" }

  init() throws {
    var template = Array("/tmp/baedal-system-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Trouble("mkdtemp") }
    folder = String(cString: made)
  }

  deinit {
    guard ProcessInfo.processInfo.environment["BAEDAL_TEST_KEEP"] == nil else { return }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Writes a configuration, and returns its path.
  func write(_ config: String, as name: String = "node.yaml") throws -> String {
    let path = "\(folder)/\(name)"
    try Data(config.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Starts a node on this data directory and waits until it listens.
  ///
  /// - Parameters:
  ///   - config: YAML; what it leaves out has its default.
  ///   - port: 0 takes any.
  func start(_ config: String = "", port: Int = 0) async throws -> NodeProcess {
    let child = try spawn(config, port: port)
    let port = try await eventually("node that listens") { () -> Int? in
      if let ending = child.ending {
        throw Trouble("the node ended with \(ending): \(child.errors)")
      }
      return Self.port(in: child.output)
    }
    return NodeProcess(child, port: port)
  }

  /// Starts a node without waiting for anything.
  func spawn(_ config: String = "", name: String = "node", port: Int = 0) throws -> Child {
    try baedal(
      ["serve", "--config", write(config, as: "\(name).yaml"), "--data", data]
        + ["--listen", "127.0.0.1:\(port)"],
      name: name)
  }

  /// Starts the built binary.
  func baedal(
    _ arguments: [String], environment: [String: String] = [:], name: String = "baedal"
  ) throws -> Child {
    try Child(
      [Self.program()] + arguments, environment: environment, logs: folder, name: name)
  }

  /// The built binary, which lies beside the test's own.
  static func program() throws -> String {
    let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: here).deletingLastPathComponent()
      .appendingPathComponent("baedal").path
  }

  /// The port that a node says it listens on, once it has said all.
  static func port(in greeting: String) -> Int? {
    guard greeting.contains("Ctrl-C") else { return nil }
    let line = greeting.split(separator: "\n").first { $0.contains("listens on") }
    return line?.split(separator: " ").dropFirst(2).first?.split(separator: ":").last
      .flatMap { Int($0) }
  }
}

/// A node that listens.
final class NodeProcess: Sendable {
  let child: Child
  let port: Int

  init(_ child: Child, port: Int) {
    self.child = child
    self.port = port
  }

  var pid: pid_t { child.pid }
  var isRunning: Bool { child.ending == nil }

  /// SIGKILL; nothing of it runs any more afterwards.
  func kill() { child.kill() }

  /// SIGTERM, and how it ended.
  func stop() async throws -> Child.Ending {
    child.send(SIGTERM)
    return try await child.end()
  }

  /// Resident memory in MiB.
  var residentMiB: Int {
    let path = "/proc/\(pid)/status"
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }
}
