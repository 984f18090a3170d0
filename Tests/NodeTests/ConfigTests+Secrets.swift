import Foundation
import Node
import Testing

extension ConfigTests {
  @Test("a secret comes from the environment or a file, and is never shown")
  func secrets() async throws {
    let fromEnvironment = try await load(
      "", environment: ["BAEDAL_ACCESS_OPERATOR_TOKEN": "hunter2"])
    #expect(fromEnvironment.access.operatorToken?.reveal() == "hunter2")
    var dumped = ""
    dump(fromEnvironment, to: &dumped)
    #expect(!dumped.contains("hunter2"))
    #expect(!"\(fromEnvironment)".contains("hunter2"))
    #expect(!fromEnvironment.yaml.contains("hunter2"))

    let path = try file("s3cret\nsecond line\n")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let fromFile = try await NodeConfig.load(
      file: nil, environment: ["BAEDAL_ACCESS_OPERATOR_TOKEN_FILE": path])
    #expect(fromFile.access.operatorToken?.reveal() == "s3cret")
  }

  @Test("a blank secret in the environment counts as none, in its file it is named and refused")
  func blankSecrets() async throws {
    let path = scratch.appendingPathComponent("secret").path
    let secrets: [(variable: String, yaml: String, what: String)] = [
      (
        "BAEDAL_ACCESS_OPERATOR_TOKEN", "access:\n  operator_token_file: \(path)",
        "node.yaml:2: access.operator_token_file: 'secret' is not a readable file with a token "
          + "in its first line"
      ),
      (
        "BAEDAL_PAYMENT_HTTP_SECRET", "payment:\n  http:\n    secret_file: \(path)",
        "node.yaml:3: payment.http.secret_file: 'secret' is not a readable file with a secret key "
          + "in its first line"
      ),
    ]
    for (variable, yaml, complaint) in secrets {
      for blank in ["", "  ", "\t\n"] {
        #expect(try await load("", environment: [variable: blank]) == NodeConfig())
        _ = try file("")
        try Data("s3cret\n".utf8).write(to: URL(filePath: path))
        let config = try await load(yaml, environment: [variable: blank])
        let read = config.access.operatorToken ?? config.payment.http.secret
        #expect(read?.reveal() == "s3cret")
        _ = try file("")
        try Data(blank.utf8).write(to: URL(filePath: path))
        #expect(try await self.complaint(yaml, environment: [variable: blank]) == complaint)
      }
    }
  }

  @Test("a real provider needs its address and its secret, where payment runs")
  func realProvider() async throws {
    let provider = "payment:\n  provider: http\n"
    #expect(
      try await complaint(provider)
        == "node.yaml:2: payment.provider: http needs 'payment.http.url'")
    let address = provider + "  http: {url: 'https://pay.example.com'}"
    #expect(
      try await complaint(address)
        == "node.yaml:2: payment.provider: http needs 'payment.http.secret_file'")
    #expect(try await complaint(address + "\nnode: {services: [store]}") == "nothing")
    let config = try await load(address, environment: ["BAEDAL_PAYMENT_HTTP_SECRET": "hunter2"])
    #expect(config.payment.provider == .http)
    #expect(config.payment.http.secret?.reveal() == "hunter2")
    var shown = "\(config) \(config.yaml)"
    dump(config, to: &shown)
    #expect(!shown.contains("hunter2"))
  }
}
