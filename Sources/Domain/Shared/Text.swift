/// How long the texts of commands may be, in bytes of UTF-8. What is stored is bounded here, not
/// only at the edge, since a journal keeps it for ever.
public enum TextLimit {
  public static let nameMaxBytes = 200
  public static let reasonMaxBytes = 500
  public static let addressMaxBytes = 500
  public static let descriptionMaxBytes = 2000

  static func check(
    _ field: String, _ text: String, maxBytes: Int, mayBeEmpty: Bool = false
  ) throws(Rejection) {
    guard text.utf8.count <= maxBytes else {
      throw Rejection(.invalid, "\(field) is longer than \(maxBytes) bytes")
    }
    guard mayBeEmpty || text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      throw Rejection(.invalid, "\(field) is empty")
    }
  }

  static func reason(_ text: String) throws(Rejection) {
    try check("reason", text, maxBytes: reasonMaxBytes, mayBeEmpty: true)
  }

  /// A reason that came with a fact: it is cut, since a fact cannot be refused for its wording.
  static func clipped(_ text: String) -> String {
    guard text.utf8.count > reasonMaxBytes else { return text }
    var clipped = ""
    var bytes = 0
    for scalar in text.unicodeScalars {
      bytes += UTF8.width(scalar)
      guard bytes <= reasonMaxBytes else { break }
      clipped.unicodeScalars.append(scalar)
    }
    return clipped
  }
}

/// A part of town that stores deliver to and riders work in, such as `역삼동`; compared exactly.
public struct Area: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let name: String

  /// Throws `invalid` unless the name has 1 to 100 bytes and is not blank.
  public init(_ name: String) throws(Rejection) {
    try TextLimit.check("area", name, maxBytes: 100)
    self.name = name
  }

  public static func < (left: Area, right: Area) -> Bool { left.name < right.name }
  public var description: String { name }
}
