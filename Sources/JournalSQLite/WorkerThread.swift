import Glibc

/// A bounded queue between any number of producers and threads that may block.
///
/// `@unchecked Sendable`: every field is read and written under `mutex`.
final class WorkQueue<Element: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var elements: [Element] = []
  private var sleepers = 0
  private var isClosed = false
  private let elementsMax: Int

  enum Push { case pushed, full, closed }

  enum Taken {
    case elements([Element])
    /// Nothing came in the time given.
    case idle
    /// Closed, and everything pushed before has been taken.
    case closed
  }

  init(elementsMax: Int) {
    self.elementsMax = elementsMax
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(filled, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(filled)
    pthread_mutex_destroy(mutex)
    filled.deallocate()
    mutex.deallocate()
  }

  /// How many wait.
  var count: Int {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return elements.count
  }

  func push(_ element: Element) -> Push {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard !isClosed else { return .closed }
    guard elements.count < elementsMax else { return .full }
    elements.append(element)
    if sleepers > 0 { pthread_cond_signal(filled) }
    return .pushed
  }

  /// Takes the first `countMax` at most, waiting for the first up to `milliseconds` (for ever when
  /// nil).
  func take(countMax: Int, waitMilliseconds: Int?) -> Taken {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var until = timespec()
    if let waitMilliseconds {
      clock_gettime(CLOCK_MONOTONIC, &until)
      until.tv_sec += waitMilliseconds / 1000
      until.tv_nsec += waitMilliseconds % 1000 * 1_000_000
      if until.tv_nsec >= 1_000_000_000 {
        until.tv_sec += 1
        until.tv_nsec -= 1_000_000_000
      }
    }
    while elements.isEmpty {
      if isClosed { return .closed }
      sleepers += 1
      let result =
        waitMilliseconds == nil
        ? pthread_cond_wait(filled, mutex) : pthread_cond_timedwait(filled, mutex, &until)
      sleepers -= 1
      if result == ETIMEDOUT, elements.isEmpty, !isClosed { return .idle }
    }
    if elements.count <= countMax {
      var taken: [Element] = []
      taken.reserveCapacity(elements.count)
      swap(&taken, &elements)
      return .elements(taken)
    }
    let taken = Array(elements[..<countMax])
    elements.removeFirst(countMax)
    return .elements(taken)
  }

  /// Takes no more; what is in it can still be taken out.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(filled)
    pthread_mutex_unlock(mutex)
  }
}

/// Starts a detached thread of the operating system, for work that blocks. Throws errno.
/// - Parameter name: what debuggers and `top` call it; its first 15 bytes count.
func startThread(
  named name: String, _ body: @escaping @Sendable () -> Void
) throws(Errno) {
  final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  let start = Unmanaged.passRetained(
    Start(String(decoding: name.utf8.prefix(15), as: UTF8.self), body))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
      nameThread(start.name)
      start.body()
      return nil
    }, start.toOpaque())
  guard code == 0 else {
    start.release()
    throw Errno(code: code)
  }
}

/// Best effort. The C library's own way is not imported, and `prctl` is variadic.
private func nameThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY)
  guard file >= 0 else { return }
  var name = name
  name.withUTF8 { _ = write(file, $0.baseAddress, $0.count) }
  close(file)
}
