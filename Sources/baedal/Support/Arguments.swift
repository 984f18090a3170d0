import ArgumentParser
import Foundation
import Transport

/// `host:port`; an IPv6 address stands in brackets.
struct Address: ExpressibleByArgument, CustomStringConvertible {
  let host: String
  let port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"),
      let port = Int(argument[argument.index(after: colon)...]), (0...65_535).contains(port)
    else { return nil }
    var host = argument[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  var defaultValueDescription: String { description }
}

/// `role:id`
struct Caller: ExpressibleByArgument {
  let principal: Principal

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    principal = Principal(role: String(parts[0]), id: String(parts[1]))
  }
}

extension Principal {
  static func customer(_ id: String) -> Principal { Principal(role: "customer", id: id) }
  static func store(_ id: String) -> Principal { Principal(role: "store", id: id) }
  static func rider(_ id: String) -> Principal { Principal(role: "rider", id: id) }
  static let cliOperator = Principal(role: "operator", id: "cli")
}

/// Who the demo's people are when nobody says otherwise.
enum Standard {
  static let customer = "demo-customer"
  static let store = "demo-store"
  static let rider = "demo-rider"
}

/// The first line of a file, for tokens.
func firstLine(_ path: String) throws -> [UInt8] {
  guard let bytes = FileManager.default.contents(atPath: path) else {
    throw Failure(line: "\(path): cannot be read", status: .usage)
  }
  return Array(bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
}

/// Letters and digits that were not there before, for ids and idempotency keys.
func freshID(length: Int = 10) -> String {
  let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
  return String((0..<length).compactMap { _ in letters.randomElement() })
}
