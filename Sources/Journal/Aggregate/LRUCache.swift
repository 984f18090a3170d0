/// A dictionary that keeps the `capacity` entries used last. Every operation is O(1).
public struct LRUCache<Key: Hashable, Value> {
  @usableFromInline
  struct Node {
    @usableFromInline var key: Key
    @usableFromInline var value: Value
    @usableFromInline var newer: Int
    @usableFromInline var older: Int

    @inlinable
    init(key: Key, value: Value, newer: Int, older: Int) {
      self.key = key
      self.value = value
      self.newer = newer
      self.older = older
    }
  }

  @usableFromInline var index: [Key: Int] = [:]
  @usableFromInline var nodes: [Node] = []
  @usableFromInline var newest = -1
  @usableFromInline var oldest = -1

  /// The most entries it holds; at least 1.
  public let capacity: Int

  @inlinable
  public init(capacity: Int) { self.capacity = max(1, capacity) }

  @inlinable public var count: Int { index.count }

  /// The value, which is then the one used last.
  @inlinable
  public mutating func value(for key: Key) -> Value? {
    guard let at = index[key] else { return nil }
    touch(at)
    return nodes[at].value
  }

  /// Stores it as the one used last, in place of the one used longest ago when full.
  @inlinable
  public mutating func insert(_ value: Value, for key: Key) {
    if let at = index[key] {
      nodes[at].value = value
      touch(at)
    } else if nodes.count < capacity {
      nodes.append(Node(key: key, value: value, newer: -1, older: -1))
      index[key] = nodes.count - 1
      linkAsNewest(nodes.count - 1)
    } else {
      let at = oldest
      index.removeValue(forKey: nodes[at].key)
      unlink(at)
      nodes[at].key = key
      nodes[at].value = value
      index[key] = at
      linkAsNewest(at)
    }
  }

  /// Forgets one entry.
  @inlinable
  public mutating func remove(_ key: Key) {
    guard let at = index.removeValue(forKey: key) else { return }
    unlink(at)
    let last = nodes.count - 1
    if at != last {
      nodes[at] = nodes[last]
      index[nodes[at].key] = at
      if nodes[at].newer >= 0 { nodes[nodes[at].newer].older = at } else { newest = at }
      if nodes[at].older >= 0 { nodes[nodes[at].older].newer = at } else { oldest = at }
    }
    nodes.removeLast()
  }

  /// Forgets everything.
  @inlinable
  public mutating func removeAll() {
    index.removeAll()
    nodes.removeAll()
    newest = -1
    oldest = -1
  }

  @inlinable
  mutating func touch(_ at: Int) {
    guard newest != at else { return }
    unlink(at)
    linkAsNewest(at)
  }

  @inlinable
  mutating func unlink(_ at: Int) {
    let (newer, older) = (nodes[at].newer, nodes[at].older)
    if newer >= 0 { nodes[newer].older = older } else { newest = older }
    if older >= 0 { nodes[older].newer = newer } else { oldest = newer }
  }

  @inlinable
  mutating func linkAsNewest(_ at: Int) {
    nodes[at].newer = -1
    nodes[at].older = newest
    if newest >= 0 { nodes[newest].newer = at } else { oldest = at }
    newest = at
  }
}

extension LRUCache: Sendable where Key: Sendable, Value: Sendable {}
extension LRUCache.Node: Sendable where Key: Sendable, Value: Sendable {}
