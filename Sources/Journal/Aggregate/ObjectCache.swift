/// Keeps the `capacity` objects used last, by a key. Every operation is O(1).
///
/// Not generic, unlike `LRUCache`: generic code that is not specialised for its caller, as that of
/// an aggregate's runtime, would look up types at every step.
public final class ObjectCache {
  public typealias Object = any AnyObject & Sendable

  private final class Entry {
    let key: String
    var object: Object
    var newer: Unmanaged<Entry>?
    var older: Unmanaged<Entry>?

    init(_ key: String, _ object: Object) {
      self.key = key
      self.object = object
    }
  }

  /// Keeps the entries alive; the links between them do not.
  private var entries: [String: Entry] = [:]
  private var newest: Unmanaged<Entry>?
  private var oldest: Unmanaged<Entry>?

  /// The most objects it holds; at least 1.
  public let capacity: Int

  public init(capacity: Int) { self.capacity = max(1, capacity) }

  public var count: Int { entries.count }

  /// The object, which is then the one used last.
  public func object(for key: String) -> Object? {
    guard let entry = entries[key] else { return nil }
    touch(entry)
    return entry.object
  }

  /// Stores it as the one used last, in place of the one used longest ago when full.
  public func insert(_ object: Object, for key: String) {
    if let entry = entries[key] {
      entry.object = object
      return touch(entry)
    }
    if entries.count >= capacity, let oldest { remove(oldest.takeUnretainedValue().key) }
    let entry = Entry(key, object)
    entries[key] = entry
    linkAsNewest(entry)
  }

  /// Forgets one.
  public func remove(_ key: String) {
    guard let entry = entries.removeValue(forKey: key) else { return }
    unlink(entry)
  }

  private func touch(_ entry: Entry) {
    guard newest?.toOpaque() != Unmanaged.passUnretained(entry).toOpaque() else { return }
    unlink(entry)
    linkAsNewest(entry)
  }

  private func unlink(_ entry: Entry) {
    if let newer = entry.newer {
      newer.takeUnretainedValue().older = entry.older
    } else {
      newest = entry.older
    }
    if let older = entry.older {
      older.takeUnretainedValue().newer = entry.newer
    } else {
      oldest = entry.newer
    }
  }

  private func linkAsNewest(_ entry: Entry) {
    let link = Unmanaged.passUnretained(entry)
    entry.newer = nil
    entry.older = newest
    if let newest { newest.takeUnretainedValue().newer = link } else { oldest = link }
    newest = link
  }
}
