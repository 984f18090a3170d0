import Glibc
import Synchronization

/// Keeps a second one away from a journal or a directory, in this process or another, for as long
/// as it lives.
/// The kernel lets go of it when the process ends, however it ends.
package final class FileLock: Sendable {
  private let descriptor: Mutex<Int32?>

  /// nil when somebody else holds it.
  /// - Throws: errno when the lock file cannot be made.
  package init?(path: String) throws(Errno) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Errno(code: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = Mutex(descriptor)
  }

  deinit { release() }

  /// Lets go of it now; a second time has no effect.
  package func release() {
    descriptor.withLock { descriptor in
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }
}

/// An error number of the C library.
package struct Errno: Error, CustomStringConvertible {
  package let code: Int32

  package var description: String { String(cString: strerror(code)) }
}
