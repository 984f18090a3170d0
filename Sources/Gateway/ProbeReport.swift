/// One thing that a probe looks at.
package struct ProbeCheck: Sendable, Hashable {
  /// Such as "writer of order".
  package let name: String
  /// Why it fails, in one line that tells nothing secret; nil when all is well.
  package let problem: String?

  package init(_ name: String, problem: String? = nil) {
    self.name = name
    self.problem = problem
  }
}

/// Who knows how the node is.
package protocol ProbeSource: Sendable {
  /// Everything that this probe looks at, as of now. Answers at once: it must not wait for what it
  /// tells about.
  func checks(of probe: Probe) -> [ProbeCheck]
}

/// What a probe is told.
package struct ProbeReport: Sendable, Hashable {
  package let probe: Probe
  package let checks: [ProbeCheck]

  package init(_ probe: Probe, _ checks: [ProbeCheck]) {
    self.probe = probe
    self.checks = checks
  }

  package var isPassed: Bool { checks.allSatisfy { $0.problem == nil } }

  /// "ok" or a line for each failed check; each check and the outcome when `isVerbose`.
  package func text(isVerbose: Bool) -> String {
    if !isVerbose, isPassed { return "ok" }
    var lines: [String] = []
    for check in checks {
      if let problem = check.problem {
        lines.append("[-]\(check.name) failed: \(problem)")
      } else if isVerbose {
        lines.append("[+]\(check.name) ok")
      }
    }
    if isVerbose { lines.append("\(probe.rawValue) check \(isPassed ? "passed" : "failed")") }
    return lines.map { $0 + "\n" }.joined()
  }
}
