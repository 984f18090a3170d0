import Messages
import Testing

@Suite("JSON for generic clients")
struct JSONTests {
  private let place = PlaceOrderRequest.fullName

  @Test(
    "names are taken in lowerCamelCase and as in the .proto",
    arguments: [
      #"{"customerId": "c1", "lines": [{"itemId": "i", "seenUnitPriceWon": "9500"}]}"#,
      #"{"customer_id":"c1","lines":[{"item_id":"i","seen_unit_price_won":9500}]}"#,
      #" { "customerId":"\u0063\u0031" , "area": null , "#
        + #""lines" : [ { "itemId":"i", "seenUnitPriceWon":9.5e3 } ] } "#,
    ])
  func names(json: String) throws {
    let expected = PlaceOrderRequest(
      customerID: "c1", lines: [CartLine(itemID: "i", seenUnitPriceWon: 9500)])
    #expect(try PlaceOrderRequest(json: json) == expected)
  }

  @Test(
    "what does not fit is refused with the place and the reason",
    arguments: [
      (#"{"custmer": "c"}"#, "custmer: baedal.order.v1.PlaceOrderRequest has no such field"),
      (
        #"{"lines": [{}, {"quantity": "many"}]}"#,
        "lines[1].quantity: many is not an integer from 0 to 4294967295"
      ),
      (
        #"{"lines": [{"quantity": -1}]}"#,
        "lines[0].quantity: -1 is not an integer from 0 to 4294967295"
      ),
      (#"{"lines": {}}"#, "lines: an array expected, not an object"),
      (#"{"area": 5}"#, "area: a string expected, not a number"),
      (#"{"refuseParking": "yes"}"#, "refuseParking: true or false expected, not a string"),
      (#"{"area": "a", "area": "b"}"#, "\"area\" is given twice (at byte 20)"),
      (#"{"storeId": "a", "store_id": "b"}"#, "store_id: given twice"),
      (#"[]"#, "an object expected, not an array"),
      (#"{"area": "a"} x"#, "more text behind the end (at byte 14)"),
      (#"{"area": "\ud800"}"#, "half a surrogate pair (at byte 16)"),
      (#"{"area": "#, "a value expected, the text ends (at byte 9)"),
      (#"{"area": 01}"#, "'}' expected (at byte 10)"),
      (String(repeating: "[", count: 100_000), "nested too deep (at byte 64)"),
    ])
  func refused(json: String, reason: String) {
    do {
      _ = try MessageRegistry.jsonToBytes(place, json)
      Issue.record("\(json) was taken")
    } catch {
      #expect("\(error)" == "\(place): \(reason)")
    }
  }

  @Test("enums go by name, and unknown values by number")
  func enums() throws {
    let order = Order(orderID: "o", state: .awaitingPayment)
    #expect(try order.json() == #"{"orderId":"o","state":"ORDER_STATE_AWAITING_PAYMENT"}"#)
    #expect(try Order(json: order.json()) == order)
    #expect(try Order(json: #"{"state": 99}"#).state == .unrecognized(99))
    #expect(try Order(state: .unrecognized(99)).json() == #"{"state":99}"#)
    #expect(throws: CodecError.self) { try Order(json: #"{"state": "ORDER_STATE_NONE"}"#) }
  }

  @Test("a oneof takes one of its fields")
  func oneof() throws {
    let frame = Frame(kind: .ping(Ping(nonce: .max)))
    #expect(try frame.json() == #"{"ping":{"nonce":"18446744073709551615"}}"#)
    #expect(try Frame(json: frame.json()) == frame)
    #expect(throws: CodecError.self) { try Frame(json: #"{"ping":{},"pong":{}}"#) }
  }

  @Test("bytes are base64, in either alphabet, padded or not")
  func base64() throws {
    for count in 0..<10 {
      let value = StatusDetail(typeURL: "t", value: [UInt8](repeating: 0xFB, count: count))
      #expect(try StatusDetail(json: value.json()) == value)
    }
    #expect(try StatusDetail(json: #"{"value":"-_-_"}"#).value == [0xFB, 0xFF, 0xBF])
    #expect(try StatusDetail(json: #"{"value":"+w"}"#).value == [0xFB])
    for wrong in ["A", "AA=", "AA=A", "AA*A", "AAAA===="] {
      #expect(throws: CodecError.self) { try StatusDetail(json: #"{"value":"\#(wrong)"}"#) }
    }
  }

  @Test("an unknown message is told by its name")
  func unknownMessage() {
    #expect(throws: CodecError.unknownMessage("baedal.Nothing")) {
      try MessageRegistry.jsonToBytes("baedal.Nothing", "{}")
    }
  }
}
