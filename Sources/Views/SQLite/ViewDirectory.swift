import Glibc
import Synchronization

/// Held by whoever puts another file in use: a view that begins anew must not take the place of one
/// that has been built meanwhile.
private let pointing = Mutex(())

/// Where a view's files are: `NAME-1.db`, `NAME-2.db` …, one per building, and `NAME.current`,
/// which names the one in use. A new one takes over by a rename of that small file, so that a
/// crash leaves either the old view or the new one.
package struct ViewDirectory: Sendable {
  /// The directory's path, without a slash at the end.
  package let path: String
  /// Such as `dashboard`; letters only.
  package let name: String
  /// Makes what happened in a directory durable, as `fsync` does with its descriptor.
  package var sync: @Sendable (Int32) -> Int32 = { fsync($0) }

  /// Makes the directory if there is none. Throws `.unavailable`.
  package init(path: String, name: String) throws(ViewError) {
    self.path = path
    self.name = name
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw .unavailable("\(path): \(String(cString: strerror(errno)))")
    }
  }

  private var pointer: String { "\(path)/\(name).current" }

  /// The path of the file in use; nil when there is none.
  package var current: String? {
    guard let file = read(pointer), number(of: file) != nil else { return nil }
    let full = "\(path)/\(file)"
    return access(full, F_OK) == 0 ? full : nil
  }

  /// Makes an empty file, which nobody else builds in, and gives its path.
  package func makeNext() throws(ViewError) -> String {
    var last = files.compactMap { number(of: $0) }.max() ?? 0
    while true {
      last &+= 1
      let file = "\(path)/\(name)-\(last).db"
      let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if descriptor >= 0 {
        _ = Glibc.close(descriptor)
        return file
      }
      guard errno == EEXIST else { throw failure(file) }
    }
  }

  /// Puts `file`, a path that `makeNext` gave, in the place of the one in use; durable on return.
  /// When it throws, either may be in use.
  ///
  /// - Parameter old: unless this one is in use, nothing happens; nil stands for any.
  package func makeCurrent(_ file: String, insteadOf old: String? = nil) throws(ViewError) {
    let outcome: Result<Void, ViewError> = pointing.withLock { _ in
      guard old == nil || old == current else { return .success(()) }
      do throws(ViewError) { return .success(try point(to: file)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  private func point(to file: String) throws(ViewError) {
    let last = String(file.split(separator: "/").last ?? "")
    guard number(of: last) != nil else { throw .invalid("\(file) is no file of \(name)") }
    let draft = pointer + ".new"
    try write(last, to: draft)
    guard rename(draft, pointer) == 0 else { throw failure(pointer) }
    let directory = open(path, O_RDONLY | O_CLOEXEC)
    guard directory >= 0 else { throw failure(path) }
    defer { _ = Glibc.close(directory) }
    guard sync(directory) == 0 else { throw failure(path) }
  }

  /// Removes one database with what SQLite keeps beside it, unless it is the one in use.
  package func remove(_ file: String) {
    guard file != current else { return }
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(file + suffix) }
  }

  /// Removes what earlier, unfinished or replaced buildings have left. Only while no other is
  /// under way.
  package func removeOthers() {
    for file in files where number(of: file) != nil { remove("\(path)/\(file)") }
  }

  private var files: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { tuple in
          tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  private func number(of file: String) -> Int? {
    guard file.hasPrefix(name + "-"), file.hasSuffix(".db") else { return nil }
    return Int(file.dropFirst(name.count + 1).dropLast(3))
  }

  private func read(_ file: String) -> String? {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = Glibc.close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }

  private func write(_ text: String, to file: String) throws(ViewError) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(file) }
    defer { _ = Glibc.close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0
    else { throw failure(file) }
  }

  private func failure(_ file: String) -> ViewError {
    .unavailable("\(file): \(String(cString: strerror(errno)))")
  }
}
