/// The headers of a call: keys in lower case ASCII, in order, repeats allowed.
package struct CallMetadata: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// One header.
  package struct Entry: Sendable, Hashable {
    package var key: String
    package var value: String

    @inlinable
    package init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  package var entries: [Entry]

  @inlinable
  package init(entries: [Entry] = []) {
    self.entries = entries
  }

  package init(dictionaryLiteral elements: (String, String)...) {
    entries = elements.map { Entry(key: $0.0, value: $0.1) }
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// The first value of that key. Setting replaces every value of the key.
  package subscript(_ key: String) -> String? {
    get { entries.first { $0.key == key }?.value }
    set {
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key: key, value: newValue)) }
    }
  }

  /// W3C Trace Context's `traceparent`.
  package var traceparent: String? {
    get { self["traceparent"] }
    set { self["traceparent"] = newValue }
  }

  /// On whose behalf a service calls, as `role/id`. Believed from callers that are services; nil
  /// when it is not said, or not so.
  package var onBehalfOf: Principal? {
    get {
      guard let text = self["baedal-on-behalf-of"], let slash = text.firstIndex(of: "/") else {
        return nil
      }
      return Principal(
        role: String(text[..<slash]), id: String(text[text.index(after: slash)...]))
    }
    set { self["baedal-on-behalf-of"] = newValue.map { "\($0.role)/\($0.id)" } }
  }

  /// Bytes of all keys and values together: what `metadataBytesMax` limits.
  package var byteCount: Int {
    entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
  }
}
