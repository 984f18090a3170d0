import Foundation

/// Python's protobuf: an implementation of the wire format that shares no code with ours.
enum Python {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("python")

  /// The interpreter, installed at its first use.
  private static let interpreter = Result {
    try run("/bin/sh", [folder.appendingPathComponent("setup.sh").path], input: "")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Runs `conformance.py` on a descriptor set and returns what it prints.
  static func conformance(
    _ command: String, set: [UInt8], _ arguments: [String] = [], input: String = ""
  ) throws -> String {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("baedal-\(UUID().uuidString).pb")
    try Data(set).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let script = folder.appendingPathComponent("conformance.py").path
    return try run(
      interpreter.get(), [script, command, file.path] + arguments, input: input)
  }

  /// Runs a program to its end. Input and output go through files, which never block.
  static func run(_ program: String, _ arguments: [String], input: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("baedal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String, _ content: String) throws -> FileHandle {
      let url = folder.appendingPathComponent(name)
      try Data(content.utf8).write(to: url)
      return try FileHandle(forUpdating: url)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = try file("input", input)
    let output = try file("output", "")
    let errors = try file("errors", "")
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    func content(_ handle: FileHandle) throws -> String {
      try handle.seek(toOffset: 0)
      return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
    }
    guard process.terminationStatus == 0 else {
      throw Failure(description: try content(output) + content(errors))
    }
    return try content(output)
  }
}
