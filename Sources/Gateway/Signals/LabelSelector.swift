/// Kubernetes' label selectors: `service=order`, `tier in (a, b)`, `!canary`, joined by commas.
package struct LabelSelector: Sendable, Hashable {
  package struct Invalid: Error, Hashable, CustomStringConvertible {
    package let description: String
  }

  private enum Requirement: Sendable, Hashable {
    case isIn(String, Set<String>)
    case isNotIn(String, Set<String>)
    case exists(String)
    case isAbsent(String)
  }

  private let requirements: [Requirement]

  private static let lengthMax = 1024

  /// Nothing selects everything.
  package init(_ text: String) throws(Invalid) {
    guard text.utf8.count <= Self.lengthMax else {
      throw Invalid(description: "a label selector of more than \(Self.lengthMax) bytes")
    }
    var requirements: [Requirement] = []
    for part in try Self.parts(text) { requirements.append(try Self.requirement(part)) }
    self.requirements = requirements
  }

  package func matches(_ sample: SignalSample) -> Bool {
    requirements.allSatisfy { requirement in
      switch requirement {
      case .isIn(let name, let values): sample[name].map(values.contains) ?? false
      case .isNotIn(let name, let values): !(sample[name].map(values.contains) ?? false)
      case .exists(let name): sample[name] != nil
      case .isAbsent(let name): sample[name] == nil
      }
    }
  }

  /// Cut at the commas outside of parentheses.
  private static func parts(_ text: String) throws(Invalid) -> [String] {
    var parts: [String] = []
    var part = ""
    var depth = 0
    for character in text {
      switch character {
      case "(": depth += 1
      case ")": depth -= 1
      case "," where depth == 0:
        parts.append(part)
        part = ""
        continue
      default: break
      }
      guard (0...1).contains(depth) else { throw bad(text) }
      part.append(character)
    }
    guard depth == 0 else { throw bad(text) }
    if trimmed(text).isEmpty { return [] }
    return parts + [part]
  }

  private static func requirement(_ part: String) throws(Invalid) -> Requirement {
    let text = trimmed(part)
    if let open = text.firstIndex(of: "(") {
      guard text.last == ")" else { throw bad(part) }
      let words = text[..<open].split(separator: " ").map(String.init)
      let inside = text[text.index(after: open)...].dropLast()
      let values = Set(
        inside.split(separator: ",", omittingEmptySubsequences: false).map { trimmed($0) })
      guard words.count == 2, values.allSatisfy(isValue) else { throw bad(part) }
      let name = try self.name(words[0], in: part)
      switch words[1] {
      case "in": return .isIn(name, values)
      case "notin": return .isNotIn(name, values)
      default: throw bad(part)
      }
    }
    if let sign = text.firstIndex(of: "=") {
      let isNot = text[..<sign].last == "!"
      let name = try self.name(trimmed(text[..<sign].dropLast(isNot ? 1 : 0)), in: part)
      var rest = text[text.index(after: sign)...]
      if !isNot, rest.first == "=" { rest = rest.dropFirst() }
      let value = trimmed(rest)
      guard isValue(value) else { throw bad(part) }
      return isNot ? .isNotIn(name, [value]) : .isIn(name, [value])
    }
    if text.first == "!" { return .isAbsent(try name(trimmed(text.dropFirst()), in: part)) }
    return .exists(try name(text, in: part))
  }

  private static func name(_ name: String, in part: String) throws(Invalid) -> String {
    guard !name.isEmpty, isValue(name) else { throw bad(part) }
    return name
  }

  /// Of the characters of a label; empty too.
  private static func isValue(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
          || "-_./".unicodeScalars.contains($0))
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while rest.first == " " { rest = rest.dropFirst() }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }

  private static func bad(_ text: String) -> Invalid {
    Invalid(description: "not a label selector: '\(text)'")
  }
}
