import Foundation

/// Prometheus' own judgement of a text; Debian's `prometheus` has it.
enum Promtool {
  struct Missing: Error, CustomStringConvertible {
    let description = "promtool is not here; 'make test' installs it"
  }

  /// What it finds wrong, empty if nothing.
  static func check(_ text: String) throws -> String {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") else {
      throw Missing()
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("baedal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, output) = (
      folder.appendingPathComponent("in"), folder.appendingPathComponent("out")
    )
    try Data(text.utf8).write(to: input)
    try Data().write(to: output)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
    process.arguments = ["check", "metrics"]
    process.standardInput = try FileHandle(forReadingFrom: input)
    let told = try FileHandle(forWritingTo: output)
    process.standardOutput = told
    process.standardError = told
    try process.run()
    process.waitUntilExit()
    let found = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    return process.terminationStatus == 0 ? found : found + "exit \(process.terminationStatus)"
  }
}
