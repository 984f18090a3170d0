import ArgumentParser
import Domain

/// The tables that every service is held to.
struct Transitions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print which command does what in which state, and every deadline.")

  @Flag(help: "As Markdown.") var markdown = false
  @Argument(help: "Only tables with this in their title, such as Order.") var name: String?

  func run() throws {
    let all = DomainTables.transitions + DomainTables.deadlines()
    guard let name else {
      print(markdown ? DomainTables.markdown : DomainTables.text, terminator: "")
      return
    }
    let chosen = all.filter { $0.title.lowercased().contains(name.lowercased()) }
    guard !chosen.isEmpty else {
      let titles = all.map(\.title).joined(separator: ", ")
      throw ValidationError("there is no table '\(name)'; there are \(titles)")
    }
    print(chosen.map { markdown ? $0.markdown : $0.text }.joined(separator: "\n"), terminator: "")
  }
}
