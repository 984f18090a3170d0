import Foundation
import Messages
import Testing

@Suite("Registry and generated code")
struct RegistryTests {
  @Test("every method has its messages, and its path is found again")
  func methods() {
    #expect(!MessageRegistry.methods.isEmpty)
    for method in MessageRegistry.methods {
      #expect(MessageRegistry.method(path: method.path) == method)
      #expect(MessageRegistry.type(named: method.input) != nil)
      #expect(MessageRegistry.type(named: method.output) != nil)
      #expect(method.path == "\(method.service)/\(method.name)")
    }
    #expect(OrderServiceMethods.placeOrder.path == "baedal.order.v1.OrderService/PlaceOrder")
  }

  @Test("an unknown enum value is kept")
  func openEnums() throws {
    let order = Order(state: .unrecognized(1234))
    #expect(try Order(serialized: order.serialized()).state == .unrecognized(1234))
    #expect(OrderState(rawValue: 4) == .placed)
    for state in OrderState.allCases { #expect(OrderState(rawValue: state.rawValue) == state) }
    #expect(OrderState.placed.protoName == "ORDER_STATE_PLACED")
  }

  @Test("a message at its defaults has no bytes")
  func defaults() throws {
    for type in MessageRegistry.allTypes { #expect(try type.init().serialized().isEmpty) }
  }

  @Test("generated code is fresh")
  func fresh() throws {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let check = root.appendingPathComponent("proto/check.sh").path
    #expect(throws: Never.self) { try Python.run("/bin/sh", [check], input: "") }
  }
}
