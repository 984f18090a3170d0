import ArgumentParser
import Domain
import Node

/// Who may call what.
struct AccessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "access", abstract: "Print who may call which method, and whose things it reaches."
  )

  @Argument(help: "Only methods with this in their names, such as Order.") var name: String?

  func run() throws {
    let rules = MethodRules.table.filter { rule in
      name.map { rule.method.lowercased().contains($0.lowercased()) } ?? true
    }
    guard !rules.isEmpty else { throw ValidationError("no method has '\(name ?? "")' in its name") }
    var table = Table("method", "who", "whose")
    for rule in rules {
      table.add(
        Table.Cell(rule.method), Table.Cell(rule.callers.text), Table.Cell(rule.ownership.text))
    }
    print(table.text())
  }
}

extension MethodRule.Callers {
  fileprivate var text: String {
    switch self {
    case .anyone: "anyone"
    case .roles(let roles):
      Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ")
    }
  }
}

extension MethodRule.Ownership {
  fileprivate var text: String {
    switch self {
    case .nobody: "nobody's"
    case .own: "the caller's own"
    case .party: "what the caller is a party to"
    }
  }
}
