import Messages
import Testing

@testable import Transport

@Suite("Keys of calls")
struct CallKeysTests {
  private static let keys = CallKeys(["outer": [1], "inner": [1, 1], "third": [3]])

  @Test("the key is the field's text, wherever the field stands")
  func fields() throws {
    let hash = RendezvousHash.hash("o-1".utf8)
    let request = try GetOrderTimelineRequest(orderID: "o-1", atLeastVersion: 300).serialized()
    #expect(Self.keys.key(of: "outer", in: request) == hash)
    let nested = try PlaceOrderRequest(customerID: "x", storeID: "o-1").serialized()
    #expect(Self.keys.key(of: "third", in: nested) == hash)
    // Field 1 holds a message whose field 1 is the text; before it a number and eight bytes.
    let inner: [UInt8] = [0x10, 0xAC, 0x02, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x0A, 5, 0x0A, 3]
    #expect(Self.keys.key(of: "inner", in: inner + "o-1".utf8) == hash)
  }

  @Test("a field that comes several times has all its values, and bytes that are no message none")
  func all() {
    let twice: [UInt8] = [0x0A, 1, 0x61, 0x10, 5, 0x0A, 0, 0x0A, 1, 0x62]
    #expect(([1] as RequestField).all(in: twice)?.map(Array.init) == [[0x61], [], [0x62]])
    #expect(([2] as RequestField).all(in: twice)?.isEmpty == true)
    #expect(
      ([1, 1] as RequestField).all(in: [0x0A, 3, 0x0A, 1, 0x61, 0x0A, 2, 0x0A, 0])?.count == 2)
    for bytes: [UInt8] in [[0x0A], [0x0A, 1, 0x61, 0x0A, 5, 1], [0x0B], [0x09, 1], [0x0D, 1]] {
      #expect(([1] as RequestField).all(in: bytes) == nil, "\(bytes)")
    }
  }

  @Test("what has no key has none, and no bytes are read that are not there")
  func none() throws {
    let request = try GetOrderTimelineRequest(orderID: "o-1").serialized()
    #expect(Self.keys.key(of: "other", in: request) == nil)
    #expect(Self.keys.key(of: "third", in: request) == nil)
    #expect(Self.keys.key(of: "outer", in: []) == nil)
    for bytes: [UInt8] in [
      [0x0A], [0x0A, 5, 1], [0x0B, 1], [0x09, 1, 2], [0x0D], [0xFF, 0xFF],
      [0x0A] + Array(repeating: 0xFF, count: 12), [0x0A, 0],
      [0x12] + Array(repeating: 0xFF, count: 9) + [0x01, 1],
    ] {
      #expect(Self.keys.key(of: "outer", in: bytes) == nil, "\(bytes)")
    }
    var random = SeededGenerator(state: 5)
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0..<24, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      _ = Self.keys.key(of: "inner", in: bytes)
    }
  }
}
