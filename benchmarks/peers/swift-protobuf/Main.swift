import SwiftProtobuf

/// swift-protobuf on the samples of `benchmarks/run codec`.
@main
enum Main {
  static func main() throws {
    var report = CodecReport()
    try report.measure("place order request") {
      try Baedal_Order_V1_PlaceOrderRequest(serializedBytes: $0)
    } encode: {
      try $0.serializedBytes()
    }
    try report.measure("place order response") {
      try Baedal_Order_V1_PlaceOrderResponse(serializedBytes: $0)
    } encode: {
      try $0.serializedBytes()
    }
    try report.measure("order submitted event") {
      try Baedal_Order_V1_OrderSubmitted(serializedBytes: $0)
    } encode: {
      try $0.serializedBytes()
    }
    try report.measure("store with 20 items") {
      try Baedal_Store_V1_StoreResponse(serializedBytes: $0)
    } encode: {
      try $0.serializedBytes()
    }
    try report.measure("call frame") {
      try Baedal_Wire_V1_Frame(serializedBytes: $0)
    } encode: {
      try $0.serializedBytes()
    }
    report.finish()
  }
}
