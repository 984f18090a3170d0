/// What an audit counted and what it found.
package struct AuditReport: Sendable, Equatable {
  /// A broken promise.
  package struct Violation: Sendable, Equatable {
    /// `P1` to `P4` of the design, `journal`, or `view`.
    package let promise: String
    /// The order it is about; for `journal` the stream or the journal, for `view` the order or the
    /// view.
    package let subject: String
    package let text: String

    package init(promise: String, subject: String, text: String) {
      self.promise = promise
      self.subject = subject
      self.text = text
    }
  }

  /// The most violations that are listed; all are counted.
  package static let violationsMax = 1000

  /// Names and values in the order they were first counted.
  package private(set) var counts: [(name: String, value: Int64)] = []
  package private(set) var violations: [Violation] = []
  /// All violations, listed or not.
  package private(set) var violationCount = 0
  /// The promises that are broken.
  private var broken: Set<String> = []

  package init() {}

  /// Nothing is wrong.
  package var isClean: Bool { violationCount == 0 }

  /// Whether this promise is broken.
  package func finds(_ promise: String) -> Bool { broken.contains(promise) }

  package mutating func count(_ name: String, _ amount: Int64 = 1) {
    if let at = counts.firstIndex(where: { $0.name == name }) {
      counts[at].value &+= amount
    } else {
      counts.append((name, amount))
    }
  }

  package mutating func add(_ promise: String, _ subject: String, _ text: String) {
    violationCount += 1
    broken.insert(promise)
    guard violations.count < Self.violationsMax else { return }
    violations.append(Violation(promise: promise, subject: subject, text: text))
  }

  /// The same, with only those findings of `promises` that `other` has too.
  package func confirmed(by other: AuditReport, _ promises: Set<String>) -> AuditReport {
    // Where not all are listed, what is not in the list may have been found all the same.
    guard violationCount == violations.count, other.violationCount == other.violations.count
    else { return self }
    func isKnown(_ violation: Violation) -> Bool {
      other.violations.contains {
        $0.promise == violation.promise && $0.subject == violation.subject
      }
    }
    var report = AuditReport()
    report.counts = counts
    for violation in violations
    where !promises.contains(violation.promise) || isKnown(violation) {
      report.add(violation.promise, violation.subject, violation.text)
    }
    return report
  }

  package static func == (left: AuditReport, right: AuditReport) -> Bool {
    left.violations == right.violations && left.violationCount == right.violationCount
      && left.counts.elementsEqual(right.counts) { $0.name == $1.name && $0.value == $1.value }
  }
}
