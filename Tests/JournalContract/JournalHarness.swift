package import Journal

/// One journal under test and what can happen to it. Every adapter brings one.
package protocol JournalHarness: Sendable {
  /// The journal as it is open now.
  var journal: any Journal { get async }
  /// Group commits since it was opened.
  var groupCommits: Int { get async }
  /// Tasks that wait for a change.
  var waiters: Int { get async }
  /// Stops it and opens it again.
  func reopen() async throws
  /// Flips a bit of the stored event and opens the journal again.
  func flipBit(_ partition: Partition, _ position: Position) async throws
  /// From now on there is no room for more.
  func fillStorage() async throws
  /// There is room again.
  func freeStorage() async throws
  /// Ends it and removes what it made.
  func dispose() async
}

/// One promise that every journal keeps.
package struct ContractCase: Sendable, CustomStringConvertible {
  package let description: String
  package let check: @Sendable (any JournalHarness) async throws -> Void

  init(
    _ description: String, _ check: @escaping @Sendable (any JournalHarness) async throws -> Void
  ) {
    self.description = description
    self.check = check
  }
}

/// A promise that was not kept, and where.
package struct ContractViolation: Error, CustomStringConvertible {
  package let description: String
}

func expect(
  _ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line,
  file: String = #fileID
) throws {
  guard condition else { throw ContractViolation(description: "\(file):\(line): \(what())") }
}

func expectEqual<T: Equatable>(
  _ found: T, _ wanted: T, line: Int = #line, file: String = #fileID
) throws {
  try expect(found == wanted, "found \(found), wanted \(wanted)", line: line, file: file)
}

/// The error that `body` throws, or a violation when it throws none.
func failure(
  line: Int = #line, file: String = #fileID,
  _ body: () async throws(JournalError) -> some Any
) async throws -> JournalError {
  do throws(JournalError) { _ = try await body() } catch { return error }
  throw ContractViolation(description: "\(file):\(line): nothing was thrown")
}

/// The suite: run every case against a fresh harness.
package enum JournalContract {
  package static let cases: [ContractCase] =
    appends + rows + faults
}
