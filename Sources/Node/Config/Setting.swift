import Yams

/// One key of the configuration: what it is called, what it takes, what it is for, and where in
/// `NodeConfig` it goes. The table of all of them drives reading, checking and printing.
package struct Setting: Sendable {
  /// How a value is written in the file.
  package enum Shape: Hashable, Sendable {
    case scalar
    case list
  }

  /// Dotted path in the file, the unit last, such as `drain.timeout_s`.
  package let key: String
  /// One line for people.
  package let doc: String
  /// What a right value is, such as "a whole number from 1 to 64".
  package let expected: String
  package let shape: Shape
  /// Left out of what is printed: for fault injection.
  package var isHidden = false
  /// Taken up while the node runs; otherwise when it starts.
  package var isLive = false
  /// The value as the file would have it.
  package let read: @Sendable (NodeConfig) -> String
  /// Takes the value over; false when it is not a right one.
  let write: @Sendable (inout NodeConfig, [String]) -> Bool

  /// The environment variable that goes before the file.
  package var environmentName: String {
    "BAEDAL_" + NodeConfig.environmentPart(key)
  }

  /// The same setting, taken up while the node runs: something reads it each time it is needed, or
  /// a `ReloadPart` answers for it.
  var live: Setting {
    var copy = self
    copy.isLive = true
    return copy
  }

  /// Makes this setting in `config` what it is in `other`.
  func copy(from other: NodeConfig, to config: inout NodeConfig) {
    let texts: [String]
    switch try? Yams.compose(yaml: read(other)) {
    case .scalar(let scalar): texts = [scalar.string]
    case .sequence(let items): texts = items.compactMap { $0.scalar?.string }
    default: texts = []
    }
    _ = write(&config, texts)
  }

  /// The same setting, not printed.
  var hidden: Setting {
    var copy = self
    copy.isHidden = true
    return copy
  }
}

/// A place in the configuration.
typealias Place<Value> = any (WritableKeyPath<NodeConfig, Value> & Sendable)

extension Setting {
  static func integer<Value: FixedWidthInteger & Sendable>(
    _ key: String, _ place: Place<Value>, _ range: ClosedRange<Value>, _ doc: String
  ) -> Setting {
    Setting(
      key: key, doc: doc,
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", shape: .scalar,
      read: { String($0[keyPath: place]) },
      write: { config, texts in
        guard let text = texts.only, let value = Value(text), range.contains(value) else {
          return false
        }
        config[keyPath: place] = value
        return true
      })
  }

  /// A span of time, written in `unit`s; decimals are taken.
  static func time(
    _ key: String, _ place: Place<Duration>, in unit: TimeUnit, _ range: ClosedRange<Double>,
    _ doc: String
  ) -> Setting {
    let least = TimeUnit.written(range.lowerBound)
    let most = TimeUnit.written(range.upperBound)
    return Setting(
      key: key, doc: doc, expected: "a number of \(unit.rawValue) from \(least) to \(most)",
      shape: .scalar,
      read: { unit.text($0[keyPath: place]) },
      write: { config, texts in
        guard let text = texts.only, let value = Double(text), range.contains(value) else {
          return false
        }
        config[keyPath: place] = unit.duration(value)
        return true
      })
  }

  static func text(
    _ key: String, _ place: Place<String>, _ rule: TextRule, _ doc: String
  ) -> Setting {
    Setting(
      key: key, doc: doc, expected: rule.expected, shape: .scalar,
      read: { quoted($0[keyPath: place]) },
      write: { config, texts in
        guard let text = texts.only, rule.accepts(text) else { return false }
        config[keyPath: place] = text
        return true
      })
  }

  static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ key: String, _ place: Place<Value>, _ doc: String
  ) -> Setting {
    let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
    return Setting(
      key: key, doc: doc, expected: "one of \(names)", shape: .scalar,
      read: { $0[keyPath: place].rawValue },
      write: { config, texts in
        guard let text = texts.only, let value = Value(rawValue: text) else { return false }
        config[keyPath: place] = value
        return true
      })
  }

  /// At least one of several names, in any order.
  static func choices<Value: RawRepresentable<String> & CaseIterable & Hashable & Sendable>(
    _ key: String, _ place: Place<Set<Value>>, _ doc: String
  ) -> Setting {
    let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
    return Setting(
      key: key, doc: doc, expected: "a list of one or more of \(names), each once", shape: .list,
      read: { config in
        let chosen = Value.allCases.filter { config[keyPath: place].contains($0) }
        return "[" + chosen.map(\.rawValue).joined(separator: ", ") + "]"
      },
      write: { config, texts in
        let values = texts.compactMap(Value.init(rawValue:))
        guard !texts.isEmpty, values.count == texts.count, Set(values).count == texts.count else {
          return false
        }
        config[keyPath: place] = Set(values)
        return true
      })
  }

  /// A text as the file would have it.
  static func quoted(_ text: String) -> String {
    let isPlain =
      text.first.map { $0.isLetter || $0 == "." || $0 == "/" } ?? false
      && text.allSatisfy { $0.isLetter || $0.isNumber || "._/-".contains($0) }
    let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
    return isPlain ? text : "\"\(escaped)\""
  }
}

extension [String] {
  fileprivate var only: String? { count == 1 ? first : nil }
}
