import Glibc

/// A bounded queue between any number of producers and threads that may block.
///
/// `@unchecked Sendable`: every field is read and written under `mutex`.
final class WorkQueue<Element: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var elements: [Element] = []
  /// Those among them that are not to wait for others.
  private var pressing = 0
  /// When the first of the others has waited long enough.
  private var patienceEnd = timespec()
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

  /// - Parameter patienceMilliseconds: how long it may be left in the queue while nothing comes that
  ///   is not to wait.
  func push(_ element: Element, patienceMilliseconds: Int = 0) -> Push {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard !isClosed else { return .closed }
    guard elements.count < elementsMax else { return .full }
    let isPressing = patienceMilliseconds <= 0
    let isFirst = elements.isEmpty
    elements.append(element)
    if isPressing {
      pressing += 1
    } else if isFirst {
      patienceEnd = Self.time(in: patienceMilliseconds)
    }
    if sleepers > 0, isPressing || isFirst { pthread_cond_signal(filled) }
    return .pushed
  }

  private static func time(in milliseconds: Int) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    time.tv_sec += milliseconds / 1000
    time.tv_nsec += milliseconds % 1000 * 1_000_000
    if time.tv_nsec >= 1_000_000_000 {
      time.tv_sec += 1
      time.tv_nsec -= 1_000_000_000
    }
    return time
  }

  /// Takes the first `countMax` at most once one of them is pressing, there are so many, or the
  /// patience of the first is over. Waits for the first up to `milliseconds` (for ever when nil).
  func take(countMax: Int, waitMilliseconds: Int?) -> Taken {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let idleEnd = waitMilliseconds.map(Self.time)
    while !isDue(countMax) {
      if isClosed { return .closed }
      let isOver = sleep(until: elements.isEmpty ? idleEnd : patienceEnd)
      guard isOver else { continue }
      if !elements.isEmpty { break }
      if !isClosed { return .idle }
    }
    if elements.count <= countMax {
      var taken: [Element] = []
      taken.reserveCapacity(elements.count)
      swap(&taken, &elements)
      pressing = 0
      return .elements(taken)
    }
    let taken = Array(elements[..<countMax])
    elements.removeFirst(countMax)
    pressing = elements.count  // the others have waited
    return .elements(taken)
  }

  /// Whether what is here is to be taken now, without waiting for more.
  private func isDue(_ countMax: Int) -> Bool {
    pressing > 0 || elements.count >= countMax || (isClosed && !elements.isEmpty)
  }

  /// Lets go of the mutex until something comes; true when nothing did until then.
  private func sleep(until end: timespec?) -> Bool {
    sleepers += 1
    defer { sleepers -= 1 }
    guard var end else {
      pthread_cond_wait(filled, mutex)
      return false
    }
    return pthread_cond_timedwait(filled, mutex, &end) == ETIMEDOUT
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
func startThread(_ body: @escaping @Sendable () -> Void) throws(Errno) {
  final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  let start = Unmanaged.passRetained(Start(body))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, start.toOpaque())
  guard code == 0 else {
    start.release()
    throw Errno(code: code)
  }
}
