import Credentials
import Foundation
import Node
import Testing

/// The files that a configuration names, and doing without them.
@Suite("The files that a configuration names")
final class ConfigFilesTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("config-files-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func write(_ text: String, as name: String = "node.yaml") throws -> String {
    let path = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: path)
    return path.path
  }

  /// What is said about a wrong file, without the files' directory.
  private func complaint(
    _ yaml: String, environment: [String: String] = [:]
  ) async throws -> String {
    let file = try write(yaml)
    do throws(ConfigError) {
      _ = try await NodeConfig.load(file: file, environment: environment)
      return "nothing"
    } catch {
      return error.description.replacing("\(folder.path)/", with: "")
    }
  }

  @Test("what a node would not start with is named with its line")
  func unusable() async throws {
    let damaged = try write("{", as: "damaged")
    #expect(
      try await complaint("access:\n  token_keys_file: \(damaged)")
        == "node.yaml:2: access.token_keys_file: 'damaged': it is no JSON Web Key Set")
    #expect(
      try await complaint("access: {token_keys_file: \(folder.path)/gone}")
        == "node.yaml:1: access.token_keys_file: 'gone': it cannot be read")
    #expect(
      try await complaint("", environment: ["BAEDAL_ACCESS_TOKEN_KEYS_FILE": damaged])
        == "environment BAEDAL_ACCESS_TOKEN_KEYS_FILE: access.token_keys_file: 'damaged': it is no "
        + "JSON Web Key Set")
    let keys = try write(try TokenIssuer(keyID: "k-1").added(to: nil), as: "keys")
    #expect(try await complaint("access: {token_keys_file: \(keys)}") == "nothing")
  }

  @Test("so are the authorities of a payment provider, where payment runs")
  func authorities() async throws {
    let secret = ["BAEDAL_PAYMENT_HTTP_SECRET": "s3cret"]
    let yaml = """
      payment:
        provider: http
        http:
          url: https://pay.example.com
          ca_file: \(try write("no PEM", as: "authorities"))
      """
    #expect(
      try await complaint(yaml, environment: secret)
        == "node.yaml:5: payment.http.ca_file: 'authorities' is not a PEM file with certificates")
    #expect(try await complaint(yaml + "\nnode: {services: [store]}") == "nothing")
    #expect(try await complaint(yaml.replacing("http\n", with: "simulator\n")) == "nothing")
  }

  @Test("a file is read by itself where what it names is not there")
  func alone() async throws {
    let file = try write(
      """
      node: {services: [order]}
      access: {operator_token_file: /nowhere/token, token_keys_file: /nowhere/keys.json}
      tls: {certificate_file: /nowhere/node.pem, key_file: /nowhere/node.key}
      payment: {provider: http, http: {ca_file: /nowhere/authorities.pem}}
      peers: {kitchen: {address: '127.0.0.1:1', services: [store]}}
      """)
    await #expect(throws: ConfigError.self) {
      _ = try await NodeConfig.load(file: file, environment: [:])
    }
    let config = try await NodeConfig.read(file: file)
    #expect(config.services == [.order])
    #expect(config.tls.keyFile == "/nowhere/node.key")
    #expect(config.peers.map(\.name) == ["kitchen"])
    let wrong = try write("listen: {port: many}")
    await #expect(throws: ConfigError.self) { _ = try await NodeConfig.read(file: wrong) }
  }

  @Test("of an environment the secrets are told, and where they are")
  func secretVariables() {
    let environment = [
      "BAEDAL_PAYMENT_HTTP_SECRET": "s3cret", "BAEDAL_ACCESS_OPERATOR_TOKEN_FILE": "/a",
      "BAEDAL_LISTEN_PORT": "1", "BAEDAL_ACCESS_TOKEN_KEYS_FILE": "/b", "PATH": "/bin",
    ]
    #expect(
      NodeConfig.secretVariables(of: environment)
        == ["BAEDAL_PAYMENT_HTTP_SECRET": "s3cret", "BAEDAL_ACCESS_OPERATOR_TOKEN_FILE": "/a"])
  }
}
