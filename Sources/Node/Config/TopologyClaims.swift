import Foundation

/// The machine that a node runs on, as far as the address that it listens on tells.
enum ClaimedMachine: Equatable {
  /// It listens on loopback: whoever calls it is here too, and so are the others.
  case here
  /// It listens on every address of a machine that its file does not name.
  case some
  case named(String)

  init(_ host: String) {
    self =
      HTTPAddress.isLoopback(host)
      ? .here : ["0.0.0.0", "::"].contains(host) ? .some : .named(host)
  }

  /// Whether two nodes certainly share a machine. Two that listen on every address do not have to:
  /// the same file is often for many machines.
  func isShared(with other: ClaimedMachine) -> Bool {
    switch (self, other) {
    case (.here, .here), (.here, .some), (.some, .here): true
    case (.named(let one), .named(let other)): one == other
    default: false
    }
  }
}

/// A port that a node listens on.
struct ClaimedPort {
  let host: String
  let port: Int

  init(host: String, port: Int) {
    self.host = host == "localhost" ? "127.0.0.1" : host
    self.port = port
  }

  private var machine: ClaimedMachine { ClaimedMachine(host) }

  func clashes(with other: ClaimedPort) -> Bool {
    port == other.port && machine.isShared(with: other.machine)
      && (host == other.host || machine == .some || other.machine == .some)
  }
}

/// Where a node keeps its journals and views.
struct ClaimedDirectory {
  let machine: ClaimedMachine
  /// Absolute, without `.`, `..` and links.
  let path: String

  init(machine: ClaimedMachine, directory: String) {
    self.machine = machine
    path = URL(fileURLWithPath: directory).standardizedFileURL.resolvingSymlinksInPath().path
  }

  func clashes(with other: ClaimedDirectory) -> Bool {
    path == other.path && machine.isShared(with: other.machine)
  }
}
