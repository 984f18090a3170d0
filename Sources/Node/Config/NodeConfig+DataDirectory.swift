import Glibc
package import JournalSQLite

extension NodeConfig {
  /// Whether the data directory is there, or can be made, and can be written to. Makes nothing.
  ///
  /// - Parameter source: what the error names as the place of the setting.
  package func checkDataDirectory(source: String) throws(ConfigError) {
    var path = dataDirectory
    while Glibc.access(path, F_OK) != 0 {
      guard errno == ENOENT, let parent = parent(of: path) else {
        throw unusable(source, "cannot be reached: \(reason(errno))")
      }
      path = parent
    }
    // Only a directory has itself in it.
    guard Glibc.access("\(path)/.", F_OK) == 0 || errno == EACCES else {
      throw unusable(source, "cannot be used: '\(path)' is not a directory")
    }
    guard Glibc.access(path, W_OK | X_OK) == 0 else {
      throw unusable(source, "cannot be written to: '\(path)': \(reason(errno))")
    }
  }

  /// Makes the data directory and its parents, checks that a file can be made there, and keeps
  /// other nodes out for as long as the lock is held. Journals have locks of their own; a node that
  /// runs none of them keeps views.
  package func prepareDataDirectory(source: String) throws(ConfigError) -> FileLock {
    try checkDataDirectory(source: source)
    try make(dataDirectory, source)
    let probe = "\(dataDirectory)/.probe-\(getpid())"
    let file = open(probe, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw unusable(source, "cannot be written to: \(reason(errno))") }
    close(file)
    unlink(probe)
    do throws(Errno) {
      if let lock = try FileLock(path: "\(dataDirectory)/node-lock") { return lock }
    } catch { throw unusable(source, "cannot be locked: \(error)") }
    throw ConfigError(
      .unusableDirectory, in: source, key: "data.directory",
      "'\(dataDirectory)' is where another node keeps its data; name another, or end that one")
  }

  private func make(_ path: String, _ source: String) throws(ConfigError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let parent = parent(of: path) else {
      throw unusable(source, "cannot be made: \(reason(errno))")
    }
    try make(parent, source)
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw unusable(source, "cannot be made: \(reason(errno))")
    }
  }

  /// The directory above; nil at the root or the working directory.
  private func parent(of path: String) -> String? {
    var parts = path.split(separator: "/").map(String.init)
    guard !parts.isEmpty, path != "." else { return nil }
    parts.removeLast()
    let joined = parts.joined(separator: "/")
    return path.hasPrefix("/") ? "/" + joined : (joined.isEmpty ? "." : joined)
  }

  private func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private func unusable(_ source: String, _ text: String) -> ConfigError {
    ConfigError(
      .unusableDirectory, in: source, key: "data.directory",
      "'\(dataDirectory)' \(text); name a directory that this user may write to")
  }
}
