import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The comments that stand in the .proto above a declaration or behind it, as `///` text.
func comments(of declaration: some ProvidesSourceCodeLocation) -> String? {
  guard let location = declaration.sourceCodeInfoLocation else { return nil }
  let texts = [location.leadingComments, location.trailingComments]
    .map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
    .map { $0.map { trimmed($0) } }
    .map { rows in
      var rows = rows
      while rows.last?.isEmpty == true { rows.removeLast() }
      while rows.first?.isEmpty == true { rows.removeFirst() }
      return rows.joined(separator: "\n")
    }
    .filter { !$0.isEmpty }
  return texts.isEmpty ? nil : texts.joined(separator: "\n\n")
}

private func trimmed(_ row: Substring) -> String {
  var row = row
  if row.first == " " { row.removeFirst() }
  while row.last?.isWhitespace == true { row.removeLast() }
  return String(row)
}
