import Glibc

/// Writes files that hold keys.
package enum PrivateFile {
  /// Writes a file whole or not at all, replacing what was there. It has `mode` from its first
  /// moment, so that nobody else can open it in between. False when it cannot be written.
  package static func write(_ text: String, to path: String, mode: UInt32) -> Bool {
    let draft = "\(path).new-\(getpid())"
    let file = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode)
    guard file >= 0 else { return false }
    let isWritten = writeAll(Array(text.utf8), to: file) && fsync(file) == 0
    guard close(file) == 0, isWritten, rename(draft, path) == 0 else {
      unlink(draft)
      return false
    }
    return true
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return false }
      rest = rest.dropFirst(max(0, count))
    }
    return true
  }
}
