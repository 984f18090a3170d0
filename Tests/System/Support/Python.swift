import Foundation

/// Python with its protobuf and the messages of `proto/`, for programs that speak the protocol.
struct Python: Sendable {
  private let interpreter: String
  private let site: Site

  private static let tests = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let root = tests.deletingLastPathComponent()

  /// The virtual environment is made at its first use; the messages lie in the site's folder.
  ///
  /// - Parameter protos: where the protocol's files are: those of an older client, perhaps.
  init(_ site: Site, protos: String = "proto") async throws {
    self.site = site
    let setup = try Child(
      ["sh", Self.path("Tests/MessagesTests/python/setup.sh")],
      environment: ["BAEDAL_TEST_VENV": Self.path(".build/system-test-python")],
      logs: site.folder, name: "setup")
    guard try await setup.end(within: .seconds(300)) == .exit(0) else {
      throw Trouble(setup.errors)
    }
    interpreter = setup.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let proto = Self.path(protos)
    let names = try FileManager.default.subpathsOfDirectory(atPath: "\(proto)/baedal")
      .filter { $0.hasSuffix(".proto") }.map { "baedal/\($0)" }
    let protoc = try Child(
      ["protoc", "--proto_path=\(proto)", "--python_out=\(site.folder)"] + names,
      logs: site.folder, name: "protoc")
    guard try await protoc.end() == .exit(0) else { throw Trouble(protoc.errors) }
  }

  /// Starts a program of this repository.
  func run(_ program: String, _ arguments: [String], name: String) throws -> Child {
    try Child(
      [interpreter, Self.path(program)] + arguments,
      environment: ["PYTHONPATH": site.folder, "PYTHONDONTWRITEBYTECODE": "1"],
      logs: site.folder, name: name)
  }

  /// A file or folder of this repository.
  static func path(_ name: String) -> String { root.appendingPathComponent(name).path }
}
