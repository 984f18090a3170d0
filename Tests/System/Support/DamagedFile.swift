import Foundation

/// Overwrites with zeros every page of a database that holds `text`, in the file as it is; it may be
/// open.
func erasePages(holding text: String, in path: String) throws {
  let content = try Data(contentsOf: URL(fileURLWithPath: path))
  let size = Int(content[16]) << 8 | Int(content[17])
  let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
  defer { try? file.close() }
  var erased = 0
  // All but the first, which begins with the file's header.
  for start in stride(from: size, to: content.count, by: size) {
    guard content.range(of: Data(text.utf8), in: start..<start + size) != nil else { continue }
    try file.seek(toOffset: UInt64(start))
    try file.write(contentsOf: Data(count: size))
    erased += 1
  }
  guard erased > 0 else { throw Trouble("\(path) does not hold '\(text)'") }
}
