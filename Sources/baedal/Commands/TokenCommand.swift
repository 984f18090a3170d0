import ArgumentParser
import Credentials
import Domain
import Foundation
import Node

/// Keys for tokens, and tokens.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make keys for tokens, issue tokens, look at one.",
    subcommands: [Key.self, Issue.self, ShowToken.self])

  struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a signing key, and add its public half to a set of keys.",
      discussion: """
        ID.key signs tokens and is readable by its owner alone; keys.json is what nodes are given \
        (access.token_keys_file). To change keys: make a new one, let the nodes read the set, sign \
        with the new one, and take the old one out of the set once its tokens have expired.
        """)

    @Option(help: ArgumentHelp("Names the key in tokens.", valueName: "id"))
    var id = "key-1"
    @Option(help: ArgumentHelp("Where to.", valueName: "dir"))
    var out = "./data/tokens"

    func validate() throws {
      guard UserID.accepts(id) else {
        throw ValidationError("'\(id)' is not 1 to 64 characters of A-Z a-z 0-9 . _ ~ : -")
      }
    }

    func run() throws {
      let (keyPath, setPath) = ("\(out)/\(id).key", "\(out)/keys.json")
      do {
        let issuer = try TokenIssuer(keyID: id)
        let files = FileManager.default
        guard !files.fileExists(atPath: keyPath) else {
          throw Failure(line: "\(keyPath): is there already; name another --id", status: .usage)
        }
        // A set that cannot be read is an error, not an empty one.
        let set = try issuer.added(
          to: files.fileExists(atPath: setPath)
            ? String(contentsOfFile: setPath, encoding: .utf8) : nil)
        try FileManager.default.createDirectory(
          atPath: out, withIntermediateDirectories: true)
        try Data(set.utf8).write(to: URL(fileURLWithPath: setPath), options: .atomic)
        guard PrivateFile.write(issuer.file, to: keyPath, mode: 0o600) else {
          throw Failure(line: "\(keyPath): cannot be written", status: .usage)
        }
      } catch let error as KeySetError {
        throw Failure(line: "\(setPath): \(error)", status: .usage)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(line: "\(out): cannot be written", status: .usage)
      }
      print("\(keyPath): made\n\(setPath): holds it")
    }
  }

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign a token; it is printed, and nothing else.")

    @Option(help: ArgumentHelp("The signing key.", valueName: "file"))
    var key = "./data/tokens/key-1.key"
    @Option(help: "customer, store, rider, operator or service.")
    var role: String
    @Option(help: "Who within the role.")
    var id: String
    @Option(
      name: .customLong("for"),
      help: ArgumentHelp("How long it is taken, such as 90s, 15m, 12h or 30d.", valueName: "time"))
    var lasting = "1h"

    func validate() throws {
      guard Role(rawValue: role) != nil else {
        let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("there is no role '\(role)'; there are \(roles)")
      }
      guard UserID.accepts(id) else {
        throw ValidationError("'\(id)' is not 1 to 64 characters of A-Z a-z 0-9 . _ ~ : -")
      }
      guard Self.seconds(lasting) != nil else {
        throw ValidationError("--for takes a time of 1s to 366d, such as 15m, not '\(lasting)'")
      }
    }

    func run() async throws {
      guard let text = try? String(contentsOfFile: key, encoding: .utf8) else {
        throw Failure(
          line: "\(key): cannot be read; make one with 'baedal token key'", status: .usage)
      }
      do throws(KeySetError) {
        let claims = TokenClaims(
          role: role, subject: id, issued: NodeTLS.systemSeconds(),
          lasting: Self.seconds(lasting) ?? 3600)
        print(try await TokenIssuer(file: text).issue(claims))
      } catch { throw Failure(line: "\(key): \(error)", status: .usage) }
    }

    private static func seconds(_ text: String) -> Int64? {
      let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
      guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
        count > 0, count <= 366 * 86_400 / unit
      else { return nil }
      return count * unit
    }
  }

  struct ShowToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Say what a token says, and whether a set of keys believes it."
    )

    @Argument(help: "A file with a token, or the token itself.") var token: String
    @Option(help: ArgumentHelp("The set of keys.", valueName: "file"))
    var keys = "./data/tokens/keys.json"

    func run() async throws {
      let text = (try? String(contentsOfFile: token, encoding: .utf8)) ?? token
      guard let set = try? String(contentsOfFile: keys, encoding: .utf8) else {
        throw Failure(line: "\(keys): cannot be read; name it with --keys", status: .usage)
      }
      let known: TokenKeys
      do throws(KeySetError) { known = try await TokenKeys(set) } catch {
        throw Failure(line: "\(keys): \(error)", status: .usage)
      }
      let first = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
      let bytes = Array(first.utf8)
      do throws(TokenError) {
        let verified = try await known.verify(bytes, at: NodeTLS.systemSeconds())
        let claims = verified.claims
        print("role     \(Terminal.plain(claims.role))")
        print("id       \(Terminal.plain(claims.subject))")
        print("signed   by \(Terminal.plain(verified.keyID)), \(Self.time(claims.issued))")
        print("expires  \(Self.time(claims.expires))")
      } catch { throw Failure(line: "not taken: \(error)", status: .notYours) }
    }

    private static func time(_ seconds: Int64) -> String {
      Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
  }
}

/// Any caller's identifier.
private enum UserID {
  static func accepts(_ text: String) -> Bool { CustomerID.accepts(text) }
}
