/// The headers of a call: keys in lower case ASCII, in order, repeats allowed.
public struct CallMetadata: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// One header.
  public struct Entry: Sendable, Hashable {
    public var key: String
    public var value: String

    @inlinable
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  public var entries: [Entry]

  @inlinable
  public init(entries: [Entry] = []) {
    self.entries = entries
  }

  public init(dictionaryLiteral elements: (String, String)...) {
    entries = elements.map { Entry(key: $0.0, value: $0.1) }
  }

  public var isEmpty: Bool { entries.isEmpty }

  /// The first value of that key. Setting replaces every value of the key.
  public subscript(_ key: String) -> String? {
    get { entries.first { $0.key == key }?.value }
    set {
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key: key, value: newValue)) }
    }
  }

  /// W3C Trace Context's `traceparent`.
  public var traceparent: String? {
    get { self["traceparent"] }
    set { self["traceparent"] = newValue }
  }

  /// On whose behalf a service calls, as `role/id`. Believed from callers that are services; nil
  /// when it is not said, or not so.
  public var onBehalfOf: Principal? {
    get {
      guard let text = self["baedal-on-behalf-of"], let slash = text.firstIndex(of: "/") else {
        return nil
      }
      return Principal(
        role: String(text[..<slash]), id: String(text[text.index(after: slash)...]))
    }
    set { self["baedal-on-behalf-of"] = newValue.map { "\($0.role)/\($0.id)" } }
  }

  /// What an entry counts beside its key and value, as in the size of HTTP's header lists
  /// (RFC 9113, 6.5.2): entries take memory even when they are empty.
  static let entryBytes = 32

  /// Bytes of all keys and values together, and 32 for each entry: what `metadataBytesMax` limits.
  public var byteCount: Int {
    entries.reduce(0) { $0 + Self.entryBytes + $1.key.utf8.count + $1.value.utf8.count }
  }
}
