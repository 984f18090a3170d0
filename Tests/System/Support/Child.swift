import Foundation
import Glibc
import Synchronization

/// A child process. What it prints goes into files, which never block; it is killed when nobody
/// holds it any more.
final class Child: Sendable {
  /// How a process ended.
  enum Ending: Hashable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  let pid: pid_t
  private let outputPath: String
  private let errorsPath: String
  private let ended = Mutex<Ending?>(nil)

  /// Starts a program, looked up in PATH.
  ///
  /// - Parameters:
  ///   - name: the files' names in `folder`, without `.out` and `.err`.
  ///   - environment: beside this process's own, less every `BAEDAL_…`.
  init(
    _ command: [String], environment: [String: String] = [:], logs folder: String, name: String
  ) throws {
    outputPath = "\(folder)/\(name).out"
    errorsPath = "\(folder)/\(name).err"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorsPath, flags, 0o644)
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BAEDAL_") }
    variables.merge(environment) { $1 }
    var arguments = command.map { strdup($0) } + [nil]
    var entries = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + entries { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command.first ?? "", &actions, nil, &arguments, &entries)
    guard code == 0 else {
      throw Trouble("\(command.first ?? ""): \(String(cString: strerror(code)))")
    }
    self.pid = pid
  }

  /// What it has printed so far.
  var output: String { Self.text(outputPath) }
  var errors: String { Self.text(errorsPath) }

  /// How it ended; nil while it runs.
  var ending: Ending? {
    ended.withLock { ended in
      if ended == nil { ended = Self.reap(pid, WNOHANG) }
      return ended
    }
  }

  /// Does nothing once it has ended: its number may belong to another by then.
  func send(_ signal: Int32) {
    ended.withLock { ended in
      if ended == nil { ended = Self.reap(pid, WNOHANG) }
      if ended == nil { Glibc.kill(pid, signal) }
    }
  }

  /// SIGKILL, and waits until it is gone.
  func kill() {
    ended.withLock { ended in
      guard ended == nil else { return }
      Glibc.kill(pid, SIGKILL)
      ended = Self.reap(pid, 0)
    }
  }

  func end(within limit: Duration = .seconds(60)) async throws -> Ending {
    try await eventually("end of process \(pid)", within: limit) { ending }
  }

  deinit { kill() }

  private static func reap(_ pid: pid_t, _ options: Int32) -> Ending? {
    var status: Int32 = 0
    guard waitpid(pid, &status, options) == pid else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? .exit((status >> 8) & 0xff) : .signal(signal)
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// What keeps a test from doing its work.
struct Trouble: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
