import Foundation

/// The `simulate` program, as `make simulate` runs it.
enum Simulator {
  /// What it prints. Throws when it cannot be run.
  static func run(_ arguments: [String], environment: [String: String]) throws -> String {
    let process = Process()
    process.executableURL = try path()
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }

  /// It lies beside the test's own binary.
  private static func path() throws -> URL {
    let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: here).deletingLastPathComponent()
      .appendingPathComponent("simulate")
  }
}
