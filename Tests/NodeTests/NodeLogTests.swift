import Testing

@testable import Node

@Suite("What a node says to people")
struct NodeLogTests {
  @Test("nothing that a terminal acts on reaches the log: it is written as its number")
  func controls() {
    let hostile: [(scalar: Unicode.Scalar, written: String)] = [
      ("\u{0}", "\\u0000"), ("\u{1B}", "\\u001b"), ("\u{7F}", "\\u007f"), ("\n", "\\n"),
      ("\u{80}", "\\u0080"), ("\u{85}", "\\u0085"), ("\u{9B}", "\\u009b"),
      ("\u{9F}", "\\u009f"), ("\u{202A}", "\\u202a"), ("\u{202E}", "\\u202e"),
      ("\u{2066}", "\\u2066"), ("\u{2069}", "\\u2069"),
    ]
    for (scalar, written) in hostile {
      let text = "a\(Character(scalar))31m"
      for line in [NodeLog.json(text), NodeLog.quoted(text), NodeLog.shown(text)] {
        #expect(line == "\"a\(written)31m\"")
      }
    }
  }

  @Test("other letters stay as they are")
  func letters() {
    for text in ["김치찌개", "naïve", "\u{A0}", "🍗"] {
      #expect(NodeLog.quoted(text) == text)
      #expect(NodeLog.shown("\(text) is here") == "\(text) is here")
      #expect(NodeLog.json(text) == "\"\(text)\"")
    }
    #expect(NodeLog.quoted("two words") == "\"two words\"")
  }

  @Test(
    "the address to type next is one that --connect takes",
    arguments: [
      ("127.0.0.1", "127.0.0.1:7700"), ("::1", "[::1]:7700"), ("localhost", "localhost:7700"),
    ])
  func greeting(host: String, address: String) {
    var config = NodeConfig()
    config.listenHost = host
    let text = Greeting.text(config, port: 7700)
    #expect(text.contains("  listens on  \(address)  "))
    #expect(text.contains("baedal demo --connect \(address)\n"))
  }
}
